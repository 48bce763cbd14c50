namespace Petrel.Agent.Files;

/// <summary>
/// Resolves the symbolic links of paths inside a root directory with untrusted content, as if the root were <c>/</c>. In contrast to the
/// kernel, it also resolves paths of which a part does not exist.
/// </summary>
internal static class ScopedPath
{
    private const int MaximumLinks = 40;

    /// <summary>
    /// The relative path of <paramref name="path"/> inside <paramref name="root"/>, with symbolic links resolved; empty for the root. A
    /// link in the last component is resolved only when <paramref name="followLast"/> is true. The path does not need to exist.
    /// </summary>
    /// <exception cref="InvalidDataException">The path has too many levels of symbolic links.</exception>
    public static string Resolve(ConfinedDirectory root, string path, bool followLast)
    {
        var pending = new Stack<string>();
        Push(pending, path);
        var resolved = new List<string>();
        var links = 0;
        while (pending.TryPop(out var part))
        {
            if (part == "..")
            {
                if (resolved.Count > 0)
                {
                    resolved.RemoveAt(resolved.Count - 1);
                }
                continue;
            }
            resolved.Add(part);
            if (pending.Count == 0 && !followLast)
            {
                break;
            }
            if (root.ReadLink(string.Join('/', resolved)) is not { } target)
            {
                continue;
            }
            if (++links > MaximumLinks)
            {
                throw new InvalidDataException($"too many levels of symbolic links in '{path}'");
            }
            resolved.RemoveAt(resolved.Count - 1);
            if (target.StartsWith('/'))
            {
                resolved.Clear();
            }
            Push(pending, target);
        }
        return string.Join('/', resolved);
    }

    private static void Push(Stack<string> pending, string path)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (var i = parts.Length - 1; i >= 0; i--)
        {
            if (parts[i] != ".")
            {
                pending.Push(parts[i]);
            }
        }
    }
}
