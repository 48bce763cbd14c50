namespace Petrel.ApiServer.Errors;

/// <summary>
/// Warnings as headers (RFC 7234, section 5.5): code 299, no agent, and a quoted text. Their size is bounded as upstream bounds it:
/// beyond 4,096 characters in all each is cut to 256, and the rest is left out.
/// </summary>
internal static class WarningHeaders
{
    private const int MostInAll = 4096;
    private const int MostEach = 256;

    public static KeyValuePair<string, string>[] Of(IReadOnlyList<string> warnings)
    {
        if (warnings.Count == 0)
        {
            return [];
        }
        var most = warnings.Sum(w => w.Length) > MostInAll ? MostEach : int.MaxValue;
        var headers = new List<KeyValuePair<string, string>>();
        var total = 0;
        foreach (var warning in warnings)
        {
            var text = warning.Length > most ? warning[..most] : warning;
            total += text.Length;
            if (total > MostInAll)
            {
                break;
            }
            headers.Add(new("Warning", $"299 - \"{Quoted(text)}\""));
        }
        return [.. headers];
    }

    // Control characters would end or forge a header.
    private static string Quoted(string text) =>
        string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c))
            .Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace("\"", "\\\"", StringComparison.Ordinal);
}
