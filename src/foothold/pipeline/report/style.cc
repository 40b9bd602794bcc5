// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/report/style.h"

namespace foothold::report {

std::string StyleElement() {
  return R"css(<style>
:root { color-scheme: light dark; --ink: #1c2330; --soft: #5b6475; --line: #d9dee7; --page: #f4f6f9;
  --panel: #ffffff; --panel-rgb: 255,255,255; --accent: #2563c9; --good: #1c8a4d; --warn: #b45f06; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e7ebf2; --soft: #9aa4b6; --line: #363e4d; --page: #12161d; --panel: #1b212b;
    --panel-rgb: 27,33,43; --accent: #7fb0ff; --good: #55c98a; --warn: #f0a95b; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 28px 20px 60px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 2px; letter-spacing: -0.02em; }
h2 { font-size: 22px; margin: 0; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h3 { font-size: 15px; margin: 0 0 10px; font-weight: 650; }
a { color: var(--accent); }
.soft, .hint, figcaption { color: var(--soft); font-size: 13px; }
.hint { margin: 6px 0 0; }
section.clip { margin-top: 44px; padding-top: 26px; border-top: 2px solid var(--line); }
.panel { background: var(--panel); border: 1px solid var(--line); border-radius: 10px; padding: 16px; margin-top: 18px; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 430px), 1fr)); column-gap: 18px; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(132px, 1fr)); gap: 10px; margin-top: 16px; }
.card { background: var(--panel); border: 1px solid var(--line); border-radius: 10px; padding: 10px 14px; }
.card b { display: block; font-size: 21px; font-weight: 650; letter-spacing: -0.01em; font-variant-numeric: tabular-nums; }
.card span { color: var(--soft); font-size: 13px; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 12px; }
figure { margin: 0; }
img { display: block; width: 100%; height: auto; border-radius: 6px; }
figcaption { margin-top: 4px; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 14px; }
th, td { text-align: right; padding: 6px 10px; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--soft); font-weight: 550; font-size: 13px; }
th:first-child, td:first-child, td.text, th.text { text-align: left; }
td.text { white-space: normal; }
tr:last-child td { border-bottom: 0; }
.flags { list-style: none; margin: 14px 0 0; padding: 0; display: grid; gap: 6px; }
.flag { display: inline-block; border: 1px solid var(--warn); color: var(--warn); border-radius: 20px;
  padding: 0 9px; font-size: 12.5px; margin-right: 6px; }
.look { color: var(--warn); font-weight: 650; }
.good { color: var(--good); }
.dot { display: inline-block; width: 10px; height: 10px; border-radius: 50%; margin-right: 7px; }
svg.plot { width: 100%; height: auto; display: block; color: var(--ink); }
svg.plot text { fill: var(--soft); font-size: 12px; }
svg.plot .grid { stroke: var(--line); }
svg.plot .stage { stroke: var(--soft); stroke-dasharray: 3 4; }
svg.plot .points { stroke: var(--soft); stroke-width: 2; stroke-linecap: round; opacity: 0.28; fill: none; }
svg.plot .wedge { fill: currentColor; opacity: 0.09; }
svg.plot .bar { stroke: var(--ink); stroke-width: 1.5; fill: none; }
svg.plot .value { fill: var(--accent); }
.progress { display: flex; height: 18px; border-radius: 9px; overflow: hidden; background: var(--line); margin-top: 18px; }
.progress i { display: block; height: 100%; }
.legend { margin: 8px 0 0; display: flex; flex-wrap: wrap; gap: 4px 14px; font-size: 13px; color: var(--soft); }
.key { display: inline-flex; align-items: center; color: var(--ink); }
.key i { width: 14px; height: 4px; border-radius: 2px; margin-right: 6px; display: inline-block; }
.view3d canvas { display: block; width: 100%; height: min(62vh, 560px); border-radius: 6px; cursor: grab;
  touch-action: none; border: 1px solid var(--line); }
.view3d canvas:active { cursor: grabbing; }
.bar3d { display: flex; gap: 10px; align-items: center; margin-top: 10px; }
.bar3d input { flex: 1; min-width: 60px; accent-color: var(--accent); }
.bar3d output { font-size: 13px; color: var(--soft); min-width: 104px; font-variant-numeric: tabular-nums; }
button { font: inherit; color: var(--ink); background: var(--page); border: 1px solid var(--line);
  border-radius: 7px; padding: 3px 12px; cursor: pointer; }
button.play { width: 44px; padding: 3px 0; }
details { margin-top: 18px; }
summary { cursor: pointer; color: var(--soft); }
pre { overflow-x: auto; font: 12.5px/1.45 ui-monospace, Consolas, monospace; }
@media (max-width: 760px) { main { padding: 18px 12px 40px; }
  .view3d canvas { height: 52vh; } .pictures { grid-template-columns: 1fr; } }
</style>
)css";
}

}  // namespace foothold::report
