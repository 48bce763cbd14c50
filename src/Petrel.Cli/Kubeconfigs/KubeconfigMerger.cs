using Petrel.LocalCluster;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Petrel.Cli.Kubeconfigs;

/// <summary>
/// Adds a cluster to a user's kubeconfig, and removes it again. The entries have an extension with the cluster's data directory. Only
/// entries with this mark are replaced or removed.
/// </summary>
internal static class KubeconfigMerger
{
    private const string Mark = "petrel.dev/cluster";
    private const string MarkField = "dataDirectory";
    private static readonly (string List, string Body)[] Lists = [("clusters", "cluster"), ("users", "user"), ("contexts", "context")];

    /// <summary>The default name of the context.</summary>
    public static string DefaultContext(string dataDirectory) =>
        dataDirectory == new ClusterDirectory(ClusterDirectory.Default).Root ? "petrel" : $"petrel-{Path.GetFileName(dataDirectory)}";

    /// <summary>
    /// Merges the cluster whose own kubeconfig is at <paramref name="source"/>, and returns the current context. That context changes
    /// only when <paramref name="select"/> is set, or when there was none.
    /// </summary>
    /// <exception cref="UserErrorException">An entry with the same name does not belong to this cluster.</exception>
    public static async Task<string> MergeAsync(
        string file,
        string source,
        string dataDirectory,
        string context,
        bool select,
        CancellationToken cancellationToken
    )
    {
        var own = KubeconfigDocument.Load(source);
        var current = "";
        await KubeconfigFile.ChangeAsync(
            file,
            document =>
            {
                var previous = document.CurrentContext;
                var wasCurrent =
                    previous.Length == 0 || document.Find("contexts", previous) is { } entry && IsOurs(entry, "context", dataDirectory);
                var user = $"{context}-admin";
                foreach (var (list, body) in Lists)
                {
                    var name = list == "users" ? user : context;
                    if (document.Find(list, name) is { } other && !IsOurs(other, body, dataDirectory))
                    {
                        throw new UserErrorException(
                            $"{file} has an entry '{name}' under {list} that is not this cluster's: choose another name with --context."
                        );
                    }
                }
                // Also removes the entries of an earlier merge under another name.
                RemoveOurs(document, dataDirectory);
                document.Put("clusters", Entry(context, "cluster", Body(own, "clusters", "cluster"), dataDirectory));
                document.Put("users", Entry(user, "user", Body(own, "users", "user"), dataDirectory));
                document.Put(
                    "contexts",
                    Entry(context, "context", new YamlMappingNode { { "cluster", context }, { "user", user } }, dataDirectory)
                );
                if (select || wasCurrent)
                {
                    document.CurrentContext = context;
                }
                current = document.CurrentContext;
                return true;
            },
            cancellationToken
        );
        return current;
    }

    /// <summary>Removes the cluster's entries. Returns whether there were any.</summary>
    public static async Task<bool> RemoveAsync(string file, string dataDirectory, CancellationToken cancellationToken)
    {
        // Search for the mark before taking the lock, so that a file without it is never touched.
        if (!File.Exists(file) || !(await File.ReadAllTextAsync(file, cancellationToken)).Contains(Mark))
        {
            return false;
        }
        return await KubeconfigFile.ChangeAsync(
            file,
            document =>
            {
                var removed = RemoveOurs(document, dataDirectory);
                if (removed && document.CurrentContext.Length > 0 && document.Find("contexts", document.CurrentContext) is null)
                {
                    document.CurrentContext = "";
                }
                return removed;
            },
            cancellationToken
        );
    }

    private static bool RemoveOurs(KubeconfigDocument document, string dataDirectory)
    {
        var removed = false;
        foreach (var (list, body) in Lists)
        {
            foreach (var entry in document.Entries(list).Where(e => IsOurs(e, body, dataDirectory)).ToList())
            {
                document.Remove(list, entry);
                removed = true;
            }
        }
        return removed;
    }

    private static YamlMappingNode Body(KubeconfigDocument own, string list, string body) =>
        own.Entries(list).Select(entry => entry.Children[body]).OfType<YamlMappingNode>().FirstOrDefault()
        ?? throw new UserErrorException("The cluster's own kubeconfig is damaged: 'petrel up' writes it anew.");

    private static YamlMappingNode Entry(string name, string bodyName, YamlMappingNode body, string dataDirectory)
    {
        var marked = new YamlMappingNode(body.Children)
        {
            {
                "extensions",
                new YamlSequenceNode(
                    new YamlMappingNode
                    {
                        { "name", Mark },
                        {
                            "extension",
                            new YamlMappingNode { { MarkField, Quoted(dataDirectory) } }
                        },
                    }
                )
            },
        };
        return new() { { "name", name }, { bodyName, marked } };
    }

    private static bool IsOurs(YamlMappingNode entry, string body, string dataDirectory) =>
        Child(Child(entry, body) as YamlMappingNode, "extensions") is YamlSequenceNode extensions
        && extensions
            .Children.OfType<YamlMappingNode>()
            .Any(e =>
                KubeconfigDocument.NameOf(e) == Mark && Text(Child(Child(e, "extension") as YamlMappingNode, MarkField)) == dataDirectory
            );

    private static YamlNode? Child(YamlMappingNode? map, string name) =>
        map is not null && map.Children.TryGetValue(name, out var child) ? child : null;

    private static string? Text(YamlNode? node) => (node as YamlScalarNode)?.Value;

    private static YamlScalarNode Quoted(string text) => new(text) { Style = ScalarStyle.DoubleQuoted };
}
