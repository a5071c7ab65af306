"""Images for the tests that start containers: the official ones, or stand-ins where no registry can be reached."""
