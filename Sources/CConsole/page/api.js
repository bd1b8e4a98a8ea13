// The API under /api/v1, as deploy/openapi.json describes it.

/** Why a request was not done: the problem's own words (RFC 9457). */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || `the relay answered ${status}`);
    this.status = status;
    this.hint = body.hint || "";
    this.findings = body.findings || [];
  }
}

async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(`/api/v1/${path}`, { cache: "no-store", credentials: "same-origin", ...options });
  } catch {
    throw new Problem(0, { detail: "The relay does not answer.", hint: "Is it running?" });
  }
  if (answer.status === 401) {
    location.assign("/login");
    throw new Problem(401, { detail: "Log in first." });
  }
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Problem(answer.status, body);
  return body;
}

export const get = path => ask(path);

export const post = (path, body) =>
  ask(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body ?? {}) });

/** A query of those parameters that have a value. */
export function query(parameters) {
  const filled = Object.entries(parameters).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return new URLSearchParams(filled).toString();
}
