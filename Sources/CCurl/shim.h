// libcurl's header, and typed wrappers for its variadic calls, which Swift cannot call.
#pragma once
#include <curl/curl.h>
