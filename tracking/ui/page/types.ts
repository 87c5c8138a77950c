// What the server answers, by docs/json.md: integers beyond 2^53-1, NaN and the infinities are strings.

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type Value = null | boolean | number | string | (boolean | number | string)[];
export type Status = "running" | "finished" | "failed" | "interrupted" | "dead" | "created";

export interface Counts {
  total: number;
  running: number;
  failed: number;
  stalled?: number;
}

export interface Hello {
  version: string;
  instance: string;
  folder: string;
  read_only: boolean;
  now: number;
  /** The folder is indexed for the first time; rows come as that goes on. */
  reading?: boolean;
  home_program?: string;
  runs: Counts;
  generation: number;
}

export interface Changes {
  cursor: string;
  generation: number;
  changed: string[];
  removed: string[];
  all?: boolean;
  reading?: boolean;
  runs: Counts;
}

export type Kind = "number" | "text" | "time" | "duration" | "status" | "tags" | "bool" | "size";

export interface Column {
  expr: string;
  label: string;
  kind: Kind;
  constant?: Value;
}

export interface Row {
  id: string;
  name: string;
  status: Status;
  stalled?: boolean;
  left_s?: number | null;
  made: number;
  tags: string[];
  archived: boolean;
  verified?: boolean | null;
  values: Value[];
}

export interface TableAnswer {
  generation: number;
  total: number;
  matched: number;
  columns: Column[];
  constants?: { expr: string; value: Value }[];
  rows: Row[];
  unreadable?: { folder: string; why: string }[];
  warnings?: string[];
}

export interface ColumnsAnswer {
  ids: string[];
  columns: { expr: string; kind: Kind; values: Value[] }[];
}

export interface Group {
  key: Value[];
  n_runs: number;
  n: number;
  mean: Value;
  sd: Value;
  se: Value;
  min: Value;
  max: Value;
  best: string;
  ids: string[];
}

export interface GroupsAnswer {
  by: string[];
  of: string;
  groups: Group[];
}

export interface MetricField {
  name: string;
  context: Context;
  runs: number;
  points_max: number;
}

export interface ParamField {
  name: string;
  kind: Kind;
  distinct: number;
  min?: Value;
  max?: Value;
  values?: Value[];
  runs: number;
}

export interface Fields {
  params: ParamField[];
  metrics: MetricField[];
  data: { name: string; runs: number }[];
  tags: { name: string; runs: number }[];
  programs: { name: string; runs: number }[];
  groups: { name: string; runs: number }[];
  fields: { name: string; kind: string; help: string }[];
}

export interface Completion {
  /** Stands in place of what is typed, and of `over` characters behind the caret. */
  text: string;
  over: number;
  kind: string;
  detail: string;
}

export interface Hint {
  matched?: number;
  error?: QueryError;
  from: number;
  completions: Completion[];
}

export interface QueryError {
  message: string;
  column: number;
  length?: number;
  expected?: string;
}

export type Context = { [name: string]: string };

export interface Series {
  run: string;
  metric: string;
  context: Context;
  count: number;
  exact: boolean;
  x: Value[];
  y: Value[];
  low?: Value[];
  high?: Value[];
  smooth?: Value[];
  first_step: number;
  last_step: number;
  nan: number;
  inf: number;
  sampled?: boolean;
  /** Indices of points that hold NaN, +infinity, -infinity. */
  nan_at?: number[];
  above_at?: number[];
  below_at?: number[];
}

export interface SeriesAnswer {
  series: Series[];
}

export interface Launch {
  first_step?: number;
  argv?: string[];
  cwd?: string;
  program?: { path?: string; sha256?: string };
  build?: { compiler?: string; flags?: string; build_type?: string; libraries?: { [name: string]: string } };
  machine?: { [name: string]: Value };
  source?: { [name: string]: Json };
  environment?: { [name: string]: string };
  threads?: number;
  isa?: string;
  device?: string;
  pid?: number | string;
  started?: number;
  end?: { status?: string; exit_code?: number; message?: string; time?: number; wall_seconds?: number; cpu_seconds?: number; last_step?: number };
  notes?: string[];
}

export interface Parameter {
  name: string;
  value: Value;
  default?: string;
  source?: string;
  type?: string;
  range?: string;
  meaning?: string;
  masked?: boolean;
}

export interface MetricFacts {
  last: Value;
  min: Value;
  max: Value;
  step: number;
  min_step: number;
  max_step: number;
  count: number;
}

export interface Run {
  id: string;
  name: string;
  folder: string;
  path?: string;
  size?: number;
  program: string;
  status: Status;
  stalled?: boolean;
  left_s?: number | null;
  group: string;
  tags: string[];
  archived: boolean;
  /** As the newest verification came out. */
  verified?: boolean;
  created: number;
  seed: Value;
  steps: number;
  digest: string;
  params: { [name: string]: Value };
  parameters?: Parameter[];
  metrics: { [name: string]: MetricFacts };
  numerics: number;
  parameter_count: Value;
  model_summary: string;
  stet_version: string;
  description: string;
  notes: { time: number; author: string; host: string; text: string }[];
  launches: Launch[];
  data: { name: string; path?: string; count?: Value; split?: string; samples_sha256?: string; files?: { path: string; size: Value; sha256: string }[] }[];
  places: { name: string; value: string; default?: string; source?: string }[];
  hyperparameters: { path: string; value: string; type?: string; execution?: boolean }[];
  checkpoints: { step: number; path: string; bytes: number; metric: Value; best: boolean }[];
  images: Kept;
  texts: Kept;
  histograms: Kept;
  vectors: Kept;
  summaries: { metric: string; best: string; value: Value; step: number }[];
  derived: { [name: string]: { how: string; time: number; points: [number, Value][] } };
  artifacts: { name: string; bytes: number }[];
  seal: { state: string; altered: string[] };
  marks?: Marks;
  commands?: { [name: string]: string };
  source?: { commit?: string; dirty?: boolean; branch?: string; remote?: string; link?: string; patch_bytes?: number };
  previous?: string | null;
  changed?: { what: string; before: Value; after: Value }[];
}

export type Kept = { [name: string]: { count: number; step: number; bytes?: number } };

/** What happened to a run at which step, as curves show it. */
export interface Marks {
  checkpoints: { step: number; best: boolean }[];
  resumes: { step: number; time: number }[];
  verified: { time: number; by: string; host: string; verified: boolean; verdict: string }[];
  fork?: { run: string; step: number };
}

export interface MarksAnswer {
  runs: ({ id: string } & Marks)[];
}

export interface LogAnswer {
  lines: { n: number; text: string }[];
  total: number;
  offset: number;
  matches?: number[];
}

export interface TensorsAnswer {
  step: number;
  tensors: { name: string; dtype: string; shape: number[]; bytes: number; norm: Value; min: Value; max: Value; mean: Value; nan: number }[];
}

export type CompareRow = { name: string; values: Value[] };

export interface Divergence {
  verdict: string;
  result: string;
  unlike: string[];
  rebuilt: boolean;
  steps: number[];
  losses: number;
  states: number;
  same_until: number | null;
  loss_step: number | null;
  state_step: number | null;
  state_same_until: number | null;
  tensors: string[];
  around: { step: number; first: Value; second: Value; same: boolean; ulps: Value }[];
  checkpoint: { step: number; tensors: { name: string; elements: number; differing: number; most: Value; unlike: string }[]; scalars: string[] } | null;
}

export interface CompareAnswer {
  runs: string[];
  rows: { params: CompareRow[]; data: CompareRow[]; environment: CompareRow[]; source: CompareRow[]; metrics: CompareRow[] };
  divergence?: Divergence;
}

export interface Digests {
  steps: number[];
  runs: { id: string; digests: (string | null)[] }[];
}

/** Digests of states, and of losses. */
export interface DigestsAnswer extends Digests {
  losses?: Digests;
}

export interface MediaAnswer {
  items: { run: string; name: string; context?: Context; steps: number[] }[];
}

export interface HistogramAnswer {
  steps: number[];
  edges: number[];
  counts: number[][];
}

export interface View {
  name: string;
  state: string;
  time: number;
  author: string;
}
