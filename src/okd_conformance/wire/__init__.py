"""What goes over the wire: our own multipart writer, the HTTP client, and the record of each exchange."""
