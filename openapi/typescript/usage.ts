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
  startTime: "2027-06-14T09:00:00Z",
  segments: [
    { serviceId: "…", masterId: "…" },
    { serviceId: "…", masterId: "…" },
  ],
};
// Any master, or exactly what a quote says.
export const anybody: Body<"createAppointment"> = { startTime: "2027-06-14T09:00:00Z", segments: [{ serviceId: "…" }] };
export const quoted: Body<"createAppointment"> = { quote: "…" };
export const incomplete: Body<"createAppointment"> = {
  startTime: "2027-06-14T09:00:00Z",
  // @ts-expect-error a segment has a service
  segments: [{ masterId: "…" }],
};
// @ts-expect-error a search has dates
export const whenever: Body<"searchAvailability"> = { segments: [{ serviceId: "…" }] };

// A booking is answered with 201, and its state is one of those that exist.
export function stateOf(appointment: Answer<"createAppointment", 201>): "pending" | "other" {
  // @ts-expect-error the zero value of the enum is never sent
  if (appointment.state === "APPOINTMENT_STATE_UNSPECIFIED") return "other";
  const total: number = appointment.totalPrice.amountMinor;
  return appointment.state === "APPOINTMENT_STATE_PENDING" && total >= 0 ? "pending" : "other";
}

// Who the customer is, only staff are shown; everybody sees who does what, without another call.
export function describe(appointment: Schemas["Appointment"]): string {
  const customer: Schemas["AppointmentCustomer"] | undefined = appointment.customer;
  const what: string = appointment.segments.map((s) => `${s.serviceName} by ${s.masterName}`).join(", ");
  const minutes: number = appointment.utcOffsetMinutes;
  return `${customer?.displayName ?? ""} ${what} ${appointment.timeZone} ${minutes}`;
}

// The salon may be left out. Who is to work in one is invited, as one or more things.
export const service: Body<"createService"> = {
  name: "Cut",
  category: "Hair",
  durationMinutes: 60,
  price: { currencyCode: "EUR", amountMinor: 4500 },
};
export const invitation: Body<"inviteMember"> = {
  email: "mira@example.com",
  roles: ["SALON_ROLE_MASTER", "SALON_ROLE_MANAGER"],
};
// @ts-expect-error a role of the platform is none in a salon
export const admin: Body<"updateMember"> = { roles: ["ROLE_ADMIN"] };
export const member: operations["updateMember"]["parameters"] = {
  path: { salonId: "…", userId: "…" },
};

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
  from: "2027-06-14T09:00:00Z",
  orderBy: "start_time desc",
};

// Every error is a problem with a reason that a program can decide by. A client knows which ones an operation has.
type Conflict = operations["createAppointment"]["responses"][409]["content"]["application/problem+json"];
export function retry(problem: Conflict): boolean {
  switch (problem.reason) {
    case "REQUEST_IN_FLIGHT":
    case "CONTENTION":
      return true;
    case "SLOT_UNAVAILABLE":
    case "CUSTOMER_BUSY":
    case "GROUP_FULL":
    case "REQUEST_ID_REUSED":
      return false;
    // @ts-expect-error no booking is refused for the name of a service
    case "SERVICE_NAME_TAKEN":
      return false;
  }
}
// What is not an operation's own is the same everywhere.
export function later(problem: components["responses"]["ServerError"]["content"]["application/problem+json"]): boolean {
  const reason: "UNAVAILABLE" | "DEADLINE_EXCEEDED" | "INTERNAL" = problem.reason;
  return reason !== "INTERNAL" && (problem.errors ?? []).length === 0;
}

// A deletion has no body.
export const deleted: operations["deleteMaster"]["responses"][204]["content"] = undefined;
