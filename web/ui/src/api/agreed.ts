/**
 * Where the server's own document of the API (`schema.ts`, generated) and the types of this page have to agree.
 *
 * Nothing runs here: a shape that the server changes makes `npm run check` fail at the line that names it.
 */
import type { AnnouncementRow, NewAnnouncement, Proposal } from "./announcements";
import type { NewCustomer } from "./customers";
import type { FlowRow, PromptRow, VersionRow } from "./flows";
import type { Session } from "./http";
import type { paths } from "./schema";
import type { Account, AgentRow, Call, Customer, Page, Queue, SeatChoice, TimelineItem, User } from "./types";
import type { Board } from "./wallboard";
import type { NewOrder, Order, TakenOrder, Urged } from "./work";

type Path = keyof paths;
type Json<T> = T extends { content: { "application/json": infer Body } } ? Body : never;
type Answers<T> = T extends { responses: infer All } ? All : never;
/** What the server answers when it went well. */
type Sent<P extends Path, M extends keyof paths[P]> = Json<
  Answers<paths[P][M]> extends { 200: infer Ok } ? Ok : Answers<paths[P][M]> extends { 201: infer Made } ? Made : never
>;
/** What the server takes. */
type Taken<P extends Path, M extends keyof paths[P]> = paths[P][M] extends { requestBody: infer Body } ? Json<Body> : never;
/** Fails to compile unless whatever is a `Given` may be used as an `As`. */
type Fits<Given extends As, As> = [Given, As] extends [never, unknown] ? never : Given;

export type Answered = [
  Fits<Sent<"/api/v1/session", "get">, Session>,
  Fits<Sent<"/api/v1/session", "post">, { user: User }>,
  Fits<Sent<"/api/v1/seats", "get">, Page<SeatChoice>>,
  Fits<Sent<"/api/v1/agents", "get">, Page<AgentRow>>,
  Fits<Sent<"/api/v1/queues", "get">, Page<Queue>>,
  Fits<Sent<"/api/v1/calls", "get">, Page<Call>>,
  Fits<Sent<"/api/v1/calls/{id}/timeline", "get">, Page<TimelineItem>>,
  Fits<Sent<"/api/v1/customers", "get">, Page<Customer>>,
  Fits<Sent<"/api/v1/customers/{id}", "get">["accounts"], Account[]>,
  Fits<Sent<"/api/v1/customers", "post">, Customer>,
  Fits<Sent<"/api/v1/announcements", "get">, Page<AnnouncementRow>>,
  Fits<Sent<"/api/v1/announcements/proposals", "get">, Page<Proposal>>,
  Fits<Sent<"/api/v1/flows", "get">, Page<FlowRow>>,
  Fits<Sent<"/api/v1/flows/{id}/versions", "get">, Page<VersionRow>>,
  Fits<Sent<"/api/v1/prompts", "get">, Page<PromptRow>>,
  // A newer server may have levels of alarms that this page shows as they are.
  Fits<Sent<"/api/v1/wallboard", "get">, Omit<Board, "alarms">>,
  Fits<Sent<"/api/v1/work-orders", "get">, Page<Order>>,
  Fits<Sent<"/api/v1/work-orders", "post">, TakenOrder>,
  Fits<Sent<"/api/v1/work-orders/{id}/urge", "post">, Urged>,
];

export type Asked = [
  Fits<NewAnnouncement, Taken<"/api/v1/announcements", "post">>,
  Fits<NewCustomer, Taken<"/api/v1/customers", "post">>,
  Fits<NewOrder, Taken<"/api/v1/work-orders", "post">>,
];
