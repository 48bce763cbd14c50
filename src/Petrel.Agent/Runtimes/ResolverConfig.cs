using System.Text;

namespace Petrel.Agent.Runtimes;

/// <summary>The content of <c>/etc/resolv.conf</c>. Options have the form <c>name</c> or <c>name:value</c>.</summary>
public sealed record ResolverConfig
{
    // The resolver of the C library reads no more (as upstream).
    private const int MaxNameservers = 3;
    private const int MaxSearches = 32;

    /// <summary>Whether this configuration is added to the node's own.</summary>
    public bool ExtendsNode { get; init; }

    public IReadOnlyList<string> Nameservers { get; init; } = [];
    public IReadOnlyList<string> Searches { get; init; } = [];
    public IReadOnlyList<string> Options { get; init; } = [];

    /// <summary>Reads a resolver file. Of several <c>search</c> lines the last one counts.</summary>
    public static ResolverConfig Parse(string text)
    {
        List<string> nameservers = [];
        string[] searches = [];
        List<string> options = [];
        foreach (var line in text.Split('\n'))
        {
            var words = line.Split((char[])[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            switch (words.FirstOrDefault())
            {
                case "nameserver" when words.Length > 1:
                    nameservers.Add(words[1]);
                    break;
                case "search" or "domain":
                    searches = words[1..];
                    break;
                case "options":
                    options.AddRange(words[1..]);
                    break;
            }
        }
        return new()
        {
            Nameservers = nameservers,
            Searches = searches,
            Options = options,
        };
    }

    /// <summary>This configuration and more of it. An option replaces an earlier one with the same name.</summary>
    public ResolverConfig With(ResolverConfig more)
    {
        var options = new OrderedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var option in Options.Concat(more.Options))
        {
            options[option.Split(':')[0]] = option;
        }
        return new()
        {
            Nameservers = [.. Nameservers.Concat(more.Nameservers).Distinct().Take(MaxNameservers)],
            Searches = [.. Searches.Concat(more.Searches).Distinct().Take(MaxSearches)],
            Options = [.. options.Values],
        };
    }

    /// <summary>The text of the file.</summary>
    public string Render()
    {
        var text = new StringBuilder();
        if (Searches.Any(IsWord))
        {
            text.Append("search ").AppendJoin(' ', Searches.Where(IsWord)).Append('\n');
        }
        foreach (var server in Nameservers.Where(IsWord))
        {
            text.Append("nameserver ").Append(server).Append('\n');
        }
        if (Options.Any(IsWord))
        {
            text.Append("options ").AppendJoin(' ', Options.Where(IsWord)).Append('\n');
        }
        return text.ToString();
    }

    // An entry can't begin another line.
    private static bool IsWord(string entry) => entry.Length > 0 && !entry.Any(c => char.IsWhiteSpace(c) || char.IsControl(c));
}
