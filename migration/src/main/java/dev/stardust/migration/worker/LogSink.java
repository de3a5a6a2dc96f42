package dev.stardust.migration.worker;

import org.agrona.DirectBuffer;

/** Where the pieces of a serial log go, in order. */
interface LogSink {
    /** The first {@code bytes} of the buffer are what the log has from {@code at} on. */
    void log(long at, DirectBuffer buffer, int bytes);

    /** The log is another one from here on, and empty. */
    void logReset();
}
