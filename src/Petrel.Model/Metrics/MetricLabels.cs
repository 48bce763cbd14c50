using System.Text;

namespace Petrel.Model.Metrics;

/// <summary>Labels in the Prometheus text format: <c>name="value",other="value"</c>.</summary>
internal static class MetricLabels
{
    /// <summary>Joins names and values, which are escaped.</summary>
    public static string Render(ReadOnlySpan<string> names, ReadOnlySpan<string> values)
    {
        var text = new StringBuilder();
        for (var i = 0; i < names.Length; i++)
        {
            Append(text, names[i], values[i]);
        }
        return text.ToString();
    }

    /// <summary>Joins the tags of a measurement.</summary>
    public static string Render(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.Length == 0)
        {
            return "";
        }
        var text = new StringBuilder();
        foreach (var (name, value) in tags)
        {
            Append(text, name, value?.ToString() ?? "");
        }
        return text.ToString();
    }

    private static void Append(StringBuilder text, string name, string value)
    {
        text.Append(text.Length > 0 ? "," : "").Append(name).Append("=\"");
        foreach (var c in value)
        {
            _ = c switch
            {
                '\\' => text.Append("\\\\"),
                '"' => text.Append("\\\""),
                '\n' => text.Append("\\n"),
                _ => text.Append(c),
            };
        }
        text.Append('"');
    }
}
