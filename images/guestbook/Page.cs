using System.Net;
using System.Text;

namespace Guestbook;

/// <summary>The page that visitors see.</summary>
internal static class Page
{
    public static string Render(string title, string version, string pod, IReadOnlyList<string> entries, string? notice)
    {
        // Releases look different, so that a roll-out can be watched in a browser.
        var colour = version == "v1" ? "#1f6feb" : "#8250df";
        var list = new StringBuilder();
        foreach (var entry in entries.Reverse())
        {
            list.Append($"<li>{WebUtility.HtmlEncode(entry)}</li>\n");
        }
        return $$"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <title>{{WebUtility.HtmlEncode(title)}}</title>
            <style>
            body { font: 16px/1.5 sans-serif; max-width: 40em; margin: 2em auto; padding: 0 1em }
            h1 { color: {{colour}} }
            .notice { background: #fff3cd; padding: .5em 1em }
            footer { color: #666; font-size: .8em }
            </style>
            </head>
            <body>
            <h1>{{WebUtility.HtmlEncode(title)}}</h1>
            {{(notice is null ? "" : $"<p class=\"notice\">{WebUtility.HtmlEncode(notice)}</p>")}}
            <form method="post" action="/entries"><input name="entry" maxlength="200" required autofocus> <button>Sign</button></form>
            <ul>
            {{list}}</ul>
            <footer>guestbook {{WebUtility.HtmlEncode(version)}} on {{WebUtility.HtmlEncode(pod)}}</footer>
            </body>
            </html>

            """;
    }
}
