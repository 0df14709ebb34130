/** A clock may be behind the archive's by so much: a signature or Release from the next hour is taken as of now. */
export const clockToleranceSeconds = 3600
