"""Users that are not root, to whom a folder can be closed."""
import os
import subprocess

NOBODY = 65534


def unprivileged(test, folder, program):
    """What of subprocess.run makes a user of whom all in a folder is, and who is not root; nothing where nobody is. Skips
    the test where such a user can't run the program."""
    if os.geteuid() != 0:
        return {}
    for path in (folder, *folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    try:
        subprocess.run([program, "--version"], capture_output=True, cwd=folder, check=True, **user)
    except (OSError, subprocess.SubprocessError) as error:
        test.skipTest(f"another user can't run the program here: {error}")
    return user
