"""The HTTP face and the command line: read a request, call one use case, write the answer."""
