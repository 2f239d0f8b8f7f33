/** Limits of the page itself. */

/** Characters of one note: what the server takes at most. */
export const NOTE_LIMIT = 2000;
