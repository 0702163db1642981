"""A process that appends until it is killed and says on its standard output what was accepted: one line a command."""

import sys
import uuid

from store.log import Append, Command, Log, LogError
from tests.store.support import event


def main() -> None:
    """Arguments: the application's URL, a name for this writer, threads."""
    from threading import Thread

    url, name, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    with Log(url, durable=False, patience_seconds=60) as log:

        def work(number: int) -> None:
            stream, version = uuid.uuid5(uuid.NAMESPACE_OID, f"{name} {number}"), 0
            while True:
                command = f"{name}:{number}:{version + 1}"
                try:
                    log.append([Append(stream, version, [event()])], Command(command, "body"))
                except LogError as error:
                    sys.stdout.write(f"failed {command} {error!r}\n")
                    return
                version += 1
                sys.stdout.write(f"accepted {command}\n")
                sys.stdout.flush()

        running = [Thread(target=work, args=(number,), daemon=True) for number in range(threads)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()


if __name__ == "__main__":
    main()
