-- What holds whatever was killed: each query gives 0 rows, or says which rows break it. tests/faults/checker.py runs
-- them; what lies in storage (the other half of I5 and I9) is looked at there.
-- Parameters: bound_s, seconds after which work must have ended; acknowledged, the SHA-256 of what a client was told
-- is kept.

-- name: I1 an image on the worklist has a screening for the active model
SELECT image.id AS image, version.id AS model_version
FROM screening_image AS image
JOIN screening_study AS study ON study.id = image.study_id
CROSS JOIN screening_modelversion AS version
WHERE version.active AND image.gate = '' AND study.status IN ('received', 'screened', 'unscreened', 'reading')
  AND NOT EXISTS (
    SELECT FROM screening_screening AS held WHERE held.image_id = image.id AND held.model_version_id = version.id
  );

-- name: I2 a screening that is done has its prediction
SELECT held.id AS screening
FROM screening_screening AS held
LEFT JOIN screening_prediction AS said
  ON said.image_id = held.image_id AND said.model_version_id = held.model_version_id
WHERE held.state = 'done' AND said.id IS NULL;

-- name: I3 an image has one prediction of a model version
SELECT image_id AS image, model_version_id AS model_version, count(*)
FROM screening_prediction GROUP BY image_id, model_version_id HAVING count(*) > 1;

-- name: I4 a prediction was written by the fence under which its screening was done
SELECT said.id AS prediction, said.fence, held.fence AS fence_of_screening, held.state
FROM screening_prediction AS said
LEFT JOIN screening_screening AS held
  ON held.image_id = said.image_id AND held.model_version_id = said.model_version_id
WHERE held.id IS NULL OR held.state <> 'done' OR held.fence <> said.fence;

-- name: I6 work ends within its bound
SELECT 'screening' AS what, id, state, attempts, crashes, lease_until FROM screening_screening
WHERE state IN ('pending', 'leased') AND created_at < now() - make_interval(secs => %(bound_s)s)
  AND (state = 'leased' OR next_attempt_at <= now())
UNION ALL
SELECT 'job ' || kind, id, state, attempts, crashes, lease_until FROM screening_job
WHERE state IN ('pending', 'leased') AND created_at < now() - make_interval(secs => %(bound_s)s)
  AND (state = 'leased' OR next_attempt_at <= now());

-- name: I7 what a client was told is kept is kept
SELECT sent.sha256 FROM unnest(%(acknowledged)s::text[]) AS sent(sha256)
WHERE NOT EXISTS (SELECT FROM screening_image AS image WHERE image.sha256 = sent.sha256);

-- name: I8 a study stands where its history says, and a signature, a claim or a withdrawal has a line by its person
SELECT study.id AS study, study.status, last.status AS by_history
FROM screening_study AS study
LEFT JOIN LATERAL (
    SELECT detail ->> 'to' AS status FROM screening_event AS event
    WHERE event.study_id = study.id AND event.kind NOT IN ('hand_over', 'priority', 'view_corrected') AND detail ? 'to'
    ORDER BY event.id DESC LIMIT 1
) AS last ON true
WHERE study.status <> coalesce(last.status, 'received')
UNION ALL
SELECT study.id, study.status, 'no line says who claimed it' FROM screening_study AS study
WHERE study.claimed_by_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM screening_event AS event WHERE event.study_id = study.id AND (
        (event.kind = 'claim' AND event.actor_id = study.claimed_by_id)
        OR (event.kind = 'hand_over' AND event.detail ->> 'to' = study.claimed_by_id::text))
)
UNION ALL
SELECT signed.study_id, signed.kind, 'no line says who signed it' FROM screening_read AS signed
WHERE NOT EXISTS (
    SELECT FROM screening_event AS event
    WHERE event.study_id = signed.study_id AND event.actor_id = signed.reader_id
      AND event.kind = CASE WHEN signed.addendum_to_id IS NOT NULL THEN 'addend' WHEN signed.kind = 'second'
                            THEN 'second_sign' WHEN signed.kind = 'adjudication' THEN 'adjudicate' ELSE 'sign' END
)
UNION ALL
SELECT study.id, study.status, 'no line says who withdrew it' FROM screening_study AS study
WHERE study.status = 'withdrawn' AND NOT EXISTS (
    SELECT FROM screening_event AS event
    WHERE event.study_id = study.id AND event.kind = 'withdraw' AND event.actor_id IS NOT NULL
);
