/** What of a list stands on a screen that nobody scrolls: it turns its pages, and what matters stays. */

export interface Page<T> {
  shown: T[];
  page: number;
  pages: number;
}

/**
 * `size` of the `items`: those that `stay` (at most half of the room) on each page, the others in turn.
 *
 * `turn` counts on for ever; a list that fits is one page.
 */
export function pageOf<T>(items: readonly T[], size: number, turn: number, stay: (item: T) => boolean = () => false): Page<T> {
  if (items.length <= size) return { shown: [...items], page: 0, pages: 1 };
  const room = Math.max(1, size);
  const staying = items.filter(stay).slice(0, Math.floor(room / 2));
  const others = items.filter((one) => !staying.includes(one));
  const rest = room - staying.length;
  const pages = Math.max(1, Math.ceil(others.length / rest));
  const page = turn % pages;
  return { shown: [...staying, ...others.slice(page * rest, page * rest + rest)], page, pages };
}

/** How many whole cells of `cell` fit into `room` when `gap` lies between them; at least one. */
export function fitting(room: number, cell: number, gap: number): number {
  return Math.max(1, Math.floor((room + gap) / (cell + gap)));
}
