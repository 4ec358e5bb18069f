"""The benchmark's figures as lines for people."""

GOALS = {
    "screening / ideal from renditions": 0.85,
    "upload / ideal from files": 0.6,
    "screening / flask, one client": 5,
    "screening / celery task a film": 6,
}
STUB, ENQUEUE_S, TWO, SHARE = 300, 3, 0.9, 0.4


def said(found: dict) -> str:
    return "\n".join([*_ways(found), *_ratios(found), *_stages(found), *_rest(found)])


def _ways(found):
    yield f"{found['films']} films of {found['megabytes_a_film']:.2f} MB on average; medians of the rounds"
    for way, speed in found["films_a_second"].items():
        yield f"  {way:<38}{speed:8.1f} films a second"


def _ratios(found):
    yield "ratios, round by round"
    for name, ratio in found["ratios"].items():
        line = f"  {name:<38}{ratio['median']:8.2f}  ({ratio['lowest']:.2f} to {ratio['highest']:.2f})"
        yield line + _goal(ratio["median"], GOALS.get(name))


def _goal(reached, least):
    return "" if least is None else f"  goal {least}: {'reached' if reached >= least else 'missed'}"


def _stages(found):
    yield "where a film is, in ms, medians over films"
    for way, stages in found["stages_ms"].items():
        yield f"  {way:<38}" + ", ".join(f"{stage} {spent:.0f}" for stage, spent in stages.items())


def _rest(found):
    stat, two = found["stat"], found["two_workers"]
    worst = max(stat["seconds"])
    yield f"a stat film behind 5,000 routine ones      at most {worst:.2f} s" + _most(worst, stat["goal_s"])
    ratio, share = sorted(two["ratios"])[len(two["ratios"]) // 2], min(two["shares"])
    yield f"two workers by one, on the same cores   {ratio:8.2f}" + _goal(ratio, TWO)
    yield f"  the smaller share of the films        {share:8.2f}" + _goal(share, SHARE)
    yield f"stub model, one worker                  {found['stub_films_a_second']:8.1f} films a second" + _goal(
        found["stub_films_a_second"], STUB
    )
    yield f"enqueue {found['enqueued']:,} films                    {found['enqueue_seconds']:8.2f} s" + _most(
        found["enqueue_seconds"], ENQUEUE_S
    )


def _most(reached, most):
    return f"  goal at most {most:.2f}: {'reached' if reached <= most else 'missed'}"
