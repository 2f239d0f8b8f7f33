/** The wallboard's data, read again once a second and put on the page in one piece; it knows when it is old. */
import { ApiError } from "../api/http";
import type { Board } from "../api/wallboard";

/** What came meanwhile is shown together, ms: no event costs the page anything. */
export const EVERY = 1_000;
/** Nothing new for this long: the page says so, ms. */
export const STALE_AFTER = 5_000;

export interface Surroundings {
  read(): Promise<Board>;
  now(): number;
  /** Nobody can see the page. */
  hidden(): boolean;
}

export interface Shown {
  board: Board | null;
  /** For how long nothing has come, s; 0 while all is well. */
  staleFor: number;
  /** Why the last reading failed: a code; empty when it did not. */
  problem: string;
}

export class Feed {
  private board: Board | null = null;
  private problem = "";
  private heardAt: number;
  private reading = false;

  constructor(
    private readonly around: Surroundings,
    private readonly show: (shown: Shown) => void,
  ) {
    this.heardAt = around.now();
  }

  /** To be called every `EVERY` ms: reads anew unless a reading is under way. */
  async tick(): Promise<void> {
    if (this.around.hidden()) return;
    if (this.reading) return this.tell();
    this.reading = true;
    try {
      this.board = await this.around.read();
      this.problem = "";
      this.heardAt = this.around.now();
    } catch (error) {
      this.problem = error instanceof ApiError ? error.body.code : "unknown";
    } finally {
      this.reading = false;
    }
    this.tell();
  }

  private tell(): void {
    this.heardAt = Math.min(this.heardAt, this.around.now()); // the clock may be set back
    const silent = this.around.now() - this.heardAt;
    this.show({ board: this.board, problem: this.problem, staleFor: silent > STALE_AFTER ? Math.floor(silent / 1000) : 0 });
  }
}
