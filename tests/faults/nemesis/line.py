"""A line to PostgreSQL that can be cut: python -m tests.faults.nemesis.line SOCKET THE_REAL_SOCKET

Stopped (SIGSTOP), it carries nothing, and every connection over it stays open: a network that swallows packets.
"""

import asyncio
import contextlib
import sys

CHUNK = 65536


async def main(listen, to):
    async def connected(reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_unix_connection(to)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_carry(reader, far_writer), _carry(far_reader, writer))

    async with await asyncio.start_unix_server(connected, listen) as server:
        await server.serve_forever()


async def _carry(reader, writer):
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
