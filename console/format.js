// Numbers and times as people read them.

const NONE = "–";

function digits(value) {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 100) return Math.round(value).toLocaleString("en");
  if (size >= 1) return String(Number(value.toFixed(1)));
  return String(Number(value.toPrecision(2)));
}

export function seconds(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return NONE;
  if (value === 0) return "0 ms";
  if (value < 0.001) return `${digits(value * 1e6)} µs`;
  if (value < 1) return `${digits(value * 1e3)} ms`;
  if (value < 120) return `${digits(value)} s`;
  return span(value);
}

export function bytes(value) {
  if (value === null || value === undefined) return NONE;
  const units = ["B", "KB", "MB", "GB", "TB"];
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < units.length - 1) { value /= 1024; unit += 1; }
  return `${digits(value)} ${units[unit]}`;
}

export function count(value) {
  if (value === null || value === undefined) return NONE;
  if (value >= 1e6) return `${digits(value / 1e6)} M`;
  if (value >= 1e4) return `${digits(value / 1e3)} k`;
  return Number.isInteger(value) ? value.toLocaleString("en") : digits(value);
}

export function percent(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return NONE;
  const share = value * 100;
  if (share > 0 && share < 0.01) return "<0.01 %";
  return `${share >= 10 || share === 0 ? Math.round(share) : digits(share)} %`;
}

export function dollars(value) {
  if (value === null || value === undefined) return NONE;
  if (value > 0 && value < 0.01) return `$${value.toPrecision(2)}`;
  return `$${value.toFixed(2)}`;
}

/** A value in the unit of a panel. */
export function inUnit(unit, value) {
  if (value === null || value === undefined || Number.isNaN(value)) return NONE;
  switch (unit) {
    case "s": return seconds(value);
    case "bytes": return bytes(value);
    case "share": return percent(value);
    case "$/h": return `${dollars(value)}/h`;
    case "/s": return `${digits(value)}/s`;
    default: return count(value);
  }
}

/** `3 h 12 min`, `45 s`. */
export function span(value) {
  const whole = Math.max(0, Math.floor(value));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

export function ago(time, now) {
  const passed = now - time;
  return passed < 1.5 ? "now" : `${span(passed)} ago`;
}

export function clock(time) {
  return new Date(time * 1000).toLocaleTimeString("en-GB");
}

export function dateTime(time) {
  const date = new Date(time * 1000);
  return `${date.toLocaleDateString("en-CA")} ${date.toLocaleTimeString("en-GB")}`;
}
