"""`python -m gitwarrant`."""

import sys

from gitwarrant.cli.main import main

sys.exit(main())
