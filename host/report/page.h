/* SPDX-License-Identifier: Apache-2.0 */
/* The style and the script of the HTML report; only report_html.c includes this. */
#ifndef ASSAY_HOST_REPORT_PAGE_H
#define ASSAY_HOST_REPORT_PAGE_H

/* clang-format off */
static const char page_style[] =
	":root{color-scheme:light dark;--bg:#fff;--ink:#1c2128;--soft:#59636e;--line:#d1d9e0;--card:#f6f8fa;"
	"--pass:#1a7f37;--fail:#cf222e;--skip:#59636e;--broken:#9a6700;--infra:#8250df;--code:#eef1f4}"
	"@media(prefers-color-scheme:dark){:root{--bg:#0d1117;--ink:#e6edf3;--soft:#9198a1;--line:#3d444d;"
	"--card:#151b23;--pass:#3fb950;--fail:#ff7b72;--skip:#9198a1;--broken:#e3b341;--infra:#d2a8ff;"
	"--code:#1d2530}}"
	"*{box-sizing:border-box}"
	"body{margin:0 auto;max-width:60rem;padding:1rem;background:var(--bg);color:var(--ink);"
	"font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}"
	"h1{font-size:1.3rem;margin:.2rem 0}h2{font-size:1.05rem;margin:1.6rem 0 .5rem}"
	"p{margin:.3rem 0}small,.soft{color:var(--soft)}"
	".verdict{border-left:.5rem solid;padding:.6rem 1rem;background:var(--card);border-radius:.3rem}"
	".verdict b{font-size:1.6rem;letter-spacing:.04em}"
	".ship{border-color:var(--pass)}.ship b{color:var(--pass)}"
	".block{border-color:var(--fail)}.block b{color:var(--fail)}"
	".undecided{border-color:var(--broken)}.undecided b{color:var(--broken)}"
	".bar{display:flex;height:.7rem;border-radius:.35rem;overflow:hidden;margin:.7rem 0;background:var(--line)}"
	".bar i{display:block;min-width:2px}"
	".tag{display:inline-block;min-width:3.6rem;text-align:center;border:1px solid;border-radius:.7rem;"
	"padding:0 .5rem;font-size:.8rem;font-weight:600}"
	".pass{color:var(--pass)}.fail{color:var(--fail)}.skip{color:var(--skip)}.broken,.hole{color:var(--broken)}"
	".infra{color:var(--infra)}"
	"i.pass{background:var(--pass)}i.fail{background:var(--fail)}i.skip{background:var(--skip)}"
	"i.broken,i.hole{background:var(--broken)}i.infra{background:var(--infra)}"
	"details{border:1px solid var(--line);border-radius:.3rem;margin:.35rem 0;background:var(--card)}"
	"summary{cursor:pointer;padding:.4rem .6rem}summary code{font-weight:600}"
	"details>div{padding:.2rem .8rem .7rem}"
	"table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.15rem .6rem .15rem 0}"
	"th{font-weight:400;color:var(--soft);white-space:nowrap;width:1%}"
	"code,pre{font-family:ui-monospace,monospace;font-size:.86em}"
	"pre{background:var(--code);padding:.6rem;border-radius:.3rem;overflow:auto;max-height:28rem;white-space:pre-wrap}"
	".filter{display:flex;flex-wrap:wrap;gap:.5rem;align-items:center;position:sticky;top:0;background:var(--bg);"
	"padding:.5rem 0;z-index:1}"
	".filter input[type=search]{flex:1 1 12rem;font:inherit;padding:.35rem .6rem;border:1px solid var(--line);"
	"border-radius:.3rem;background:var(--card);color:inherit}"
	".filter label{white-space:nowrap}[hidden]{display:none}"
	"@media print{.filter{display:none}body{max-width:none;font-size:11pt}pre{max-height:none}"
	"details{break-inside:avoid}}";

static const char page_script[] =
	"(function(){var box=document.getElementById('q'),"
	"marks=[].slice.call(document.querySelectorAll('.filter input[type=checkbox]')),"
	"rows=[].slice.call(document.querySelectorAll('details[data-o]')),"
	"count=document.getElementById('n');"
	"function apply(){var q=box.value.toLowerCase(),on={},shown=0;"
	"marks.forEach(function(m){on[m.value]=m.checked});"
	"rows.forEach(function(r){var ok=on[r.dataset.o]!==false&&r.dataset.t.toLowerCase().indexOf(q)>=0;"
	"r.hidden=!ok;if(ok)shown++});count.textContent=shown+' of '+rows.length}"
	"box.addEventListener('input',apply);marks.forEach(function(m){m.addEventListener('change',apply)});"
	"document.querySelector('.filter').hidden=false;apply();"
	"window.addEventListener('beforeprint',function(){rows.forEach(function(r){"
	"if(r.dataset.o!=='pass'&&r.dataset.o!=='skip')r.open=true})})})();";
/* clang-format on */

#endif
