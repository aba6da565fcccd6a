// What a TypeScript client relies on. It is compiled, never run: when a change of the contract makes a field of an answer
// optional, or a field of a request required, this file does not compile any more.
import type { components, operations, paths } from "./salon.js";

type Schemas = components["schemas"];
type Body<Operation extends keyof operations> = operations[Operation] extends {
  requestBody?: { content: { "application/json": infer Value } };
}
  ? Value
  : never;
type Answer<Operation extends keyof operations, Status extends number> = operations[Operation] extends {
  responses: { [S in Status]: { content: { "application/json": infer Value } } };
}
  ? Value
  : never;

// Every field of an answer is there.
export function describeMaster(master: Answer<"getMaster", 200>): string {
  const name: string = master.displayName;
  const mean: number = master.ratingMean;
  const since: Date = new Date(master.createTime);
  return `${name}, ${master.specialties.join(", ")}, ${mean.toFixed(1)}, ${since.getFullYear()}, ${master.etag}`;
}

// But those that the contract says may be absent.
export function isUnread(notification: Schemas["Notification"]): boolean {
  const readTime: string | undefined = notification.readTime;
  // @ts-expect-error it is absent while the notification is unread
  const wrong: string = notification.readTime;
  return readTime === undefined && wrong === undefined;
}

// What is required for a booking, and what is not.
export const booking: Body<"createAppointment"> = {
  segments: [{ serviceId: "…", masterId: "…", startTime: "2027-06-14T09:00:00Z" }],
};
// @ts-expect-error there is nothing to book without segments
export const nothing: Body<"createAppointment"> = { note: "Sensitive skin." };
export const incomplete: Body<"createAppointment"> = {
  // @ts-expect-error a segment has a start
  segments: [{ serviceId: "…", masterId: "…" }],
};

// A booking is answered with 201, and its state is one of those that exist.
export function stateOf(appointment: Answer<"createAppointment", 201>): "pending" | "other" {
  // @ts-expect-error the zero value of the enum is never sent
  if (appointment.state === "APPOINTMENT_STATE_UNSPECIFIED") return "other";
  const total: number = appointment.totalPrice.amountMinor;
  return appointment.state === "APPOINTMENT_STATE_PENDING" && total >= 0 ? "pending" : "other";
}

// A change names the fields that it changes and no others; the id is in the path.
export const noChange: Body<"updateMaster"> = {};
export const change: Body<"updateMaster"> = { bio: "", experienceYears: 13 };
// @ts-expect-error the id is not part of the body
export const moved: Body<"updateMaster"> = { masterId: "…" };
export const target: operations["updateMaster"]["parameters"] = {
  path: { masterId: "…" },
  header: { "If-Match": '"7"' },
};

// Filters are optional, and lists of known values.
export const query: NonNullable<paths["/v1/appointments"]["get"]["parameters"]["query"]> = {
  pageSize: 20,
  states: ["APPOINTMENT_STATE_PENDING", "APPOINTMENT_STATE_CONFIRMED"],
  orderBy: "start_time desc",
};

// Every error is a problem with a reason that a program can decide by.
export function retry(problem: components["responses"]["Conflict"]["content"]["application/problem+json"]): boolean {
  const reason: Schemas["ErrorReason"] = problem.reason;
  switch (reason) {
    case "REQUEST_IN_FLIGHT":
    case "CONTENTION":
      return true;
    case "SLOT_UNAVAILABLE":
      return false;
    default:
      return problem.status >= 500 && (problem.errors ?? []).length === 0;
  }
}

// A deletion has no body.
export const deleted: operations["deleteMaster"]["responses"][204]["content"] = undefined;
