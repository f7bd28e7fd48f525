/* How a report looks. The page asks for nothing: no font, no script, no picture from elsewhere. */
#include "plot/page.h"

#include <taper/runtime.h>

#include "plot/canvas.h"

/* In pieces, because compilers need not take longer strings. */
static const char style[] =
    ":root{--paper:#fff;--ground:#f6f7f9;--text:#14181f;--muted:#4d5663;--line:#dde1e6;"
    "--accent:#005a8f;--notice:#fff6ec;--edge:#d55e00;color-scheme:light dark}"
    "@media screen and (prefers-color-scheme:dark){:root{--paper:#14181f;--ground:#0b0e13;"
    "--text:#eef1f5;--muted:#b3bcc8;--line:#323a46;--accent:#7cc4f5;--notice:#271c12;"
    "--edge:#ff8a3d}}"
    "*{box-sizing:border-box}"
    "html{-webkit-text-size-adjust:100%}"
    "body{margin:0;background:var(--ground);color:var(--text);font:16px/1.55 system-ui,"
    "'Segoe UI',Helvetica,Arial,sans-serif}"
    "main,header,footer{max-width:1080px;margin:0 auto;padding:0 20px}"
    "header{padding-top:36px}"
    "h1{font-size:30px;line-height:1.2;margin:0;overflow-wrap:anywhere;letter-spacing:-.01em}"
    "header p{color:var(--muted);margin:6px 0 0;font-size:17px}"
    "nav{display:flex;flex-wrap:wrap;gap:4px 20px;margin-top:18px;padding-bottom:10px;"
    "border-bottom:1px solid var(--line);font-size:15px}"
    "a{color:var(--accent);text-decoration:none}a:hover{text-decoration:underline}"
    "h2{font-size:21px;line-height:1.3;margin:44px 0 14px}"
    "h3{font-size:17px;margin:28px 0 10px}"
    "p{max-width:72ch;margin:0 0 14px;overflow-wrap:anywhere}"
    "main>p:first-child{margin-top:20px}"
    "code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.88em}"
    "code{background:var(--paper);border:1px solid var(--line);border-radius:4px;padding:.05em .3em}"
    "pre{background:var(--paper);border:1px solid var(--line);border-radius:10px;padding:14px 16px;"
    "overflow-x:auto;line-height:1.45;font-size:13.5px;margin:0 0 16px}"
    ".headlines{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;"
    "margin:26px 0 8px}"
    ".headlines div{background:var(--paper);border:1px solid var(--line);border-radius:10px;"
    "padding:12px 16px 13px}"
    ".headlines span{display:block;color:var(--muted);font-size:14px;line-height:1.35}"
    ".headlines b{font-size:25px;line-height:1.3;font-weight:600;font-variant-numeric:tabular-nums;"
    "overflow-wrap:anywhere}";
static const char more_style[] =
    ".figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,430px),1fr));"
    "gap:16px;margin:0 0 18px;align-items:start}"
    "figure{margin:0;background:var(--paper);border:1px solid var(--line);border-radius:10px;"
    "padding:8px 8px 10px;min-width:0}"
    "figure.wide{grid-column:1/-1}"
    ".drawing{overflow-x:auto}"
    "figure svg{display:block;width:100%;height:auto;max-width:620px;min-width:var(--least);"
    "margin:0 auto}"
    "figure.wide svg{max-width:100%}"
    "figure>b{display:block;padding:8px 10px 2px;font-size:17px;font-weight:600}"
    ".pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,var(--size)),1fr));"
    "gap:12px 10px;padding:8px 10px;font-size:12.5px;line-height:1.35;color:var(--muted)}"
    ".grid{grid-template-columns:repeat(var(--columns),minmax(0,calc(var(--size)*1.25)))}"
    ".pictures div{text-align:center;overflow-wrap:anywhere;min-width:0;white-space:pre-line}"
    ".pictures img{display:block;width:100%;max-width:calc(var(--size)*1.25);margin:0 auto 4px}"
    ".pictures span{display:block}.marked span{color:var(--edge);font-weight:600}"
    ".pixels{image-rendering:pixelated}"
    "figcaption{display:flex;flex-wrap:wrap;justify-content:space-between;gap:2px 18px;"
    "padding:6px 10px 0;color:var(--muted);font-size:14px;line-height:1.45}"
    "figcaption:empty{display:none}"
    ".numbers{font-size:13px;margin-left:auto}"
    ".scroll{overflow-x:auto;background:var(--paper);border:1px solid var(--line);"
    "border-radius:10px;margin:0 0 18px}"
    "table{border-collapse:collapse;width:100%;font-size:15px;font-variant-numeric:tabular-nums}"
    "caption{text-align:left;color:var(--muted);padding:10px 14px 4px;font-size:14px}"
    "th,td{text-align:left;padding:7px 14px;border-top:1px solid var(--line);vertical-align:top}"
    "tbody:first-child tr:first-child>*,thead tr>*{border-top:0}"
    "th{font-weight:600}thead th{color:var(--muted);font-size:14px;white-space:nowrap}"
    ".n{text-align:right;white-space:nowrap}"
    ".facts th{width:13em;color:var(--muted);font-weight:400;white-space:nowrap}"
    ".facts td{overflow-wrap:anywhere}"
    "tr.total td{border-top:2px solid var(--line);font-weight:600}"
    ".notice{background:var(--notice);border:1px solid var(--line);border-left:4px solid "
    "var(--edge);border-radius:8px;padding:12px 16px;margin:0 0 14px}"
    ".notice p{margin:4px 0 0}.notice .advice{color:var(--muted)}"
    "footer{color:var(--muted);font-size:14px;padding-top:26px;padding-bottom:40px}"
    "@media(max-width:600px){.grid{grid-template-columns:repeat(var(--narrow),minmax(0,1fr))}main,header,footer{padding-left:14px;padding-right:14px}"
    "header{padding-top:24px}h1{font-size:25px}.headlines{grid-template-columns:1fr 1fr;gap:10px}"
    ".headlines b{font-size:21px}.headlines div{padding:10px 12px}table{font-size:14px}th,td{padding:7px 8px}"
    ".facts th{width:auto}figure{padding:4px 2px 8px}}"
    "@page{margin:14mm}"
    "@media print{body{background:#fff;font-size:11pt}nav,.numbers{display:none}"
    "main,header,footer{max-width:none;padding-left:2px;padding-right:2px}header{padding-top:0}"
    "figure,.notice,tr,.headlines{break-inside:avoid}h2,h3{break-after:avoid}"
    ".figures{grid-template-columns:1fr 1fr}pre{white-space:pre-wrap}}";

void tp_page_begin(FILE *stream, const char *title, const char *subtitle, const char *contents) {
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
          "style-src 'unsafe-inline'; img-src data:\">\n"
          "<link rel=\"icon\" href=\"data:,\">\n<title>",
          stream);
    tp_write_escaped(stream, title);
    fputs("</title>\n<style>", stream);
    fputs(style, stream);
    fputs(more_style, stream);
    tp_svg_style(stream);
    fputs("</style>\n</head>\n<body>\n<header>\n<h1>", stream);
    tp_write_escaped(stream, title);
    fputs("</h1>\n", stream);
    if (*subtitle) {
        fputs("<p>", stream);
        tp_write_escaped(stream, subtitle);
        fputs("</p>\n", stream);
    }
    if (*contents) fprintf(stream, "<nav>\n%s</nav>\n", contents);
    fputs("</header>\n<main>\n", stream);
}

void tp_page_end(FILE *stream) {
    fprintf(stream, "</main>\n<footer>Taper %s</footer>\n</body>\n</html>\n", tp_version());
}
