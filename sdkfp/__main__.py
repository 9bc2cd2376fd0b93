"""``python -m sdkfp`` is the same as ``sdkfp``."""

from sdkfp.cli import main

if __name__ == "__main__":
    main()
