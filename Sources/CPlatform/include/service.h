// Telling the service manager how it goes (sd_notify(3)).
#pragma once

/// Sends `message` as one datagram to the Unix socket `path`; a path that begins with `@` is one without a file. Gives -1 and errno where that fails.
int hs_send_datagram(const char *path, const char *message);
