// The words that the dashboards are written in. A dashboard is a list of rows, a row a list of panels, a panel what it shows and how; where
// each panel stands, its id, and everything that Grafana wants but a reader does not is added by dashboard().

const datasource = { type: "prometheus", uid: "${datasource}" };

/** The labels that every selector carries: what was chosen above the dashboard. */
export const chosen = 'job=~"$job",instance=~"$instance"';

/** Requests of users: a scrape, a health check and the console are none. */
export const ofUsers = `${chosen},endpoint!~"/metrics|/api/health|/console.*"`;

/** `quantile` of a histogram, by the given labels. */
export const quantile = (q, histogram, selector, by = []) =>
  `histogram_quantile(${q}, sum by (${[...by, "le"].join(", ")}) (rate(${histogram}_bucket{${selector}}[$__rate_interval])))`;

/** Per second. */
export const rate = (counter, selector, by = []) =>
  `sum${by.length ? ` by (${by.join(", ")})` : ""} (rate(${counter}{${selector}}[$__rate_interval]))`;

/** The expression, or 0 while it has no series. In parentheses, since `or` binds less than all that may follow. */
export const orNone = (expr) => `(${expr} or vector(0))`;

/** One query. `legend` may hold {{label}}; `exemplars` asks for the traces behind it. */
export const query = (expr, legend = "", { exemplars = false } = {}) => ({ expr, legend, exemplars });

const targets = (queries, extra = {}) =>
  queries.map(({ expr, legend, exemplars }, i) => ({
    refId: String.fromCharCode(65 + i),
    datasource,
    editorMode: "code",
    expr,
    legendFormat: legend || "__auto",
    range: true,
    instant: false,
    exemplar: exemplars,
    ...extra,
  }));

const steps = (thresholds) => ({
  mode: "absolute",
  steps: [{ color: "green", value: null }, ...thresholds.map(([value, color]) => ({ color, value }))],
});

const panel = (type, title, description, queries, { unit, width, height, min, max, decimals, thresholds = [] }, rest) => ({
  type,
  title,
  description,
  datasource,
  targets: targets(queries, rest.target),
  size: { w: width, h: height },
  fieldConfig: {
    defaults: {
      unit,
      ...(min !== undefined && { min }),
      ...(max !== undefined && { max }),
      ...(decimals !== undefined && { decimals }),
      thresholds: steps(thresholds),
      color: { mode: rest.color ?? "palette-classic" },
      ...(rest.custom && { custom: rest.custom }),
    },
    overrides: [],
  },
  options: rest.options,
});

/** Lines over time. `stack` piles them up; `thresholds` draws lines at [value, colour]. */
export const lines = (title, description, queries, { unit = "short", width = 12, height = 8, stack = false, ...more } = {}) =>
  panel("timeseries", title, description, queries, { unit, width, height, min: 0, ...more }, {
    custom: {
      drawStyle: "line",
      lineWidth: 1,
      fillOpacity: stack ? 30 : 8,
      showPoints: "never",
      spanNulls: false,
      stacking: { mode: stack ? "normal" : "none", group: "A" },
      thresholdsStyle: { mode: more.thresholds ? "dashed" : "off" },
    },
    options: {
      legend: { displayMode: "table", placement: "bottom", showLegend: true, calcs: ["lastNotNull", "max"] },
      tooltip: { mode: "multi", sort: "desc" },
    },
  });

/** One number, the latest. */
export const number = (title, description, queries, { unit = "short", width = 4, height = 4, graph = true, ...more } = {}) =>
  panel("stat", title, description, queries, { unit, width, height, ...more }, {
    color: "thresholds",
    options: {
      reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
      colorMode: "value",
      graphMode: graph ? "area" : "none",
      justifyMode: "auto",
      textMode: "auto",
      orientation: "auto",
      wideLayout: true,
      showPercentChange: false,
      percentChangeColorMode: "standard",
    },
  });

/** How observations spread over a histogram's buckets, over time. */
export const spread = (title, description, histogram, selector, { unit = "s", width = 12, height = 8 } = {}) =>
  panel("heatmap", title, description,
    [query(`sum by (le) (increase(${histogram}_bucket{${selector}}[$__rate_interval]))`, "{{le}}", { exemplars: true })],
    { unit, width, height }, {
      target: { format: "heatmap" },
      custom: { hideFrom: { legend: false, tooltip: false, viz: false }, scaleDistribution: { type: "linear" } },
      options: {
        calculate: false,
        cellGap: 1,
        color: { mode: "scheme", scheme: "Oranges", steps: 64, exponent: 0.5, fill: "dark-orange", scale: "exponential", reverse: false },
        exemplars: { color: "rgba(255,0,255,0.7)" },
        filterValues: { le: 1e-9 },
        legend: { show: true },
        rowsFrame: { layout: "auto" },
        showValue: "never",
        tooltip: { mode: "single", yHistogram: false, showColorScale: false },
        yAxis: { axisPlacement: "left", reverse: false, unit },
      },
    });

/** A table with a row for each label set and a column for each query: [name, unit, expr]. */
export const table = (title, description, labels, columns, { width = 24, height = 9 } = {}) => {
  const result = panel("table", title, description, columns.map(([, , expr]) => query(expr)), { unit: "short", width, height }, {
    target: { format: "table", instant: true, range: false },
    custom: { align: "auto", cellOptions: { type: "auto" }, inspect: false },
    options: { frameIndex: 0, showHeader: true, cellHeight: "sm" },
  });
  const letter = (i) => String.fromCharCode(65 + i);
  result.fieldConfig.overrides = columns.map(([name, unit]) => ({
    matcher: { id: "byName", options: name },
    properties: [{ id: "unit", value: unit }],
  }));
  result.transformations = [
    { id: "merge", options: {} },
    {
      id: "organize",
      options: {
        excludeByName: { Time: true },
        indexByName: Object.fromEntries(labels.map((label, i) => [label, i])),
        renameByName: Object.fromEntries(columns.map(([name], i) => [columns.length > 1 ? `Value #${letter(i)}` : "Value", name])),
      },
    },
    { id: "sortBy", options: { fields: {}, sort: [{ field: columns[0][0], desc: true }] } },
  ];
  return result;
};

export const row = (title, ...panels) => ({ title, panels });

const variable = (name, label, expr) => ({
  type: "query",
  name,
  label,
  datasource,
  query: { query: expr, refId: `variable-${name}` },
  definition: expr,
  current: { selected: true, text: ["All"], value: ["$__all"] },
  includeAll: true,
  multi: true,
  options: [],
  refresh: 2,
  sort: 1,
  regex: "",
});

/** Lays the panels out and adds the frame that all dashboards share. */
export function dashboard({ uid, title, description, rows }) {
  const panels = [];
  let id = 0;
  let y = 0;
  for (const { title: name, panels: inside } of rows) {
    panels.push({ type: "row", id: ++id, title: name, collapsed: false, gridPos: { x: 0, y, w: 24, h: 1 }, panels: [] });
    y += 1;
    let x = 0;
    let tallest = 0;
    for (const { size, ...rest } of inside) {
      if (x + size.w > 24) {
        x = 0;
        y += tallest;
        tallest = 0;
      }
      panels.push({ id: ++id, gridPos: { x, y, ...size }, ...rest });
      x += size.w;
      tallest = Math.max(tallest, size.h);
    }
    y += tallest;
  }
  return {
    uid,
    title,
    description,
    tags: ["health-agent"],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    timezone: "browser",
    refresh: "30s",
    time: { from: "now-1h", to: "now" },
    timepicker: {},
    fiscalYearStartMonth: 0,
    weekStart: "",
    links: [
      {
        title: "health-agent",
        type: "dashboards",
        icon: "external link",
        tooltip: "The other dashboards, with the same choice and time",
        tags: ["health-agent"],
        asDropdown: true,
        includeVars: true,
        keepTime: true,
        targetBlank: false,
        url: "",
      },
    ],
    annotations: {
      list: [
        {
          name: "Starts",
          datasource,
          enable: true,
          hide: false,
          iconColor: "blue",
          expr: `time() - process_start_time_seconds{${chosen}} < 30`,
          titleFormat: "{{instance}} started",
          step: "15s",
        },
        {
          name: "Alerts",
          datasource,
          enable: true,
          hide: false,
          iconColor: "red",
          expr: 'ALERTS{alertname=~"HealthAgent.+",alertstate="firing",severity!="none",job=~"$job"}',
          titleFormat: "{{alertname}}",
          step: "15s",
        },
      ],
    },
    templating: {
      list: [
        {
          type: "datasource",
          name: "datasource",
          label: "Data source",
          query: "prometheus",
          current: { selected: true, text: "Prometheus", value: "prometheus" },
          options: [],
          includeAll: false,
          multi: false,
          refresh: 1,
          regex: "",
        },
        variable("job", "Job", "label_values(vitals_build_info, job)"),
        variable("instance", "Instance", 'label_values(vitals_build_info{job=~"$job"}, instance)'),
      ],
    },
    panels,
  };
}
