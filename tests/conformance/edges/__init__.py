"""What strangers may say at each edge of the server, as tables, and how a row of one is tried."""
