"""One folder per instrument: ``files`` says what its folders hold, ``read`` reads them."""
