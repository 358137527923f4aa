import { useState } from "preact/hooks";

export interface ChartDay {
  day: string;
  /** In minor units. */
  revenue: number;
  orders: number;
  before: number;
}

interface Props {
  days: ChartDay[];
  currency: string;
  digits: number;
  locale: string;
  label: string;
  orders: string;
  before: string;
}

const WIDTH = 720;
const HEIGHT = 200;
const LEFT = 72;
const BOTTOM = 22;
const TOP = 8;

/** Thirty days of sales as bars, the thirty before as a line. In the browser a day says its figures. */
export default function SalesChart({ days, currency, digits, locale, label, orders, before }: Props) {
  const [at, setAt] = useState<number | null>(null);
  const format = new Intl.NumberFormat(locale, { style: "currency", currency, minimumFractionDigits: digits });
  const short = new Intl.NumberFormat(locale, { style: "currency", currency, notation: "compact" });
  const date = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", timeZone: "UTC" });
  const most = Math.max(0, ...days.flatMap(({ revenue, before }) => [revenue, before]));
  const top = most || 1;
  const step = (WIDTH - LEFT) / Math.max(1, days.length);
  const y = (value: number) => TOP + (1 - Math.max(0, value) / top) * (HEIGHT - TOP - BOTTOM);
  const x = (index: number) => LEFT + index * step;
  const show = (minor: number) => format.format(minor / 10 ** digits);
  const said = at === null ? undefined : days[at];
  return (
    <div>
      <svg class="chart" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
        {(most > 0 ? [0, 0.5, 1] : [0]).map((part) => (
          <g key={part}>
            <line class="axis" x1={LEFT} x2={WIDTH} y1={y(part * top)} y2={y(part * top)} />
            <text x={LEFT - 8} y={y(part * top) + 4} text-anchor="end">{short.format(part * top / 10 ** digits)}</text>
          </g>
        ))}
        {days.map(({ day, revenue }, index) => (
          <g
            key={day}
            onPointerEnter={() => setAt(index)}
            onPointerLeave={() => setAt(null)}
          >
            <rect x={x(index)} y={TOP} width={step} height={HEIGHT - TOP - BOTTOM} fill="transparent" />
            <rect
              class="bar-now"
              x={x(index) + step * 0.15}
              y={y(revenue)}
              width={step * 0.7}
              height={HEIGHT - BOTTOM - y(revenue)}
              rx={2}
            />
            {index % 7 === 1 && (
              <text
                class={index % 14 === 1 ? "" : "minor"}
                x={x(index) + step}
                y={HEIGHT - 4}
                text-anchor={index === 1 ? "start" : "end"}
              >
                {date.format(new Date(day))}
              </text>
            )}
          </g>
        ))}
        <polyline
          class="line-before"
          points={days.map(({ before }, index) => `${x(index) + step / 2},${y(before)}`).join(" ")}
        />
      </svg>
      <p class="chart-tip muted" aria-live="polite">
        {said &&
          `${date.format(new Date(said.day))}: ${show(said.revenue)} · ${said.orders} ${orders} · ${before} ${
            show(said.before)
          }`}
      </p>
    </div>
  );
}
