using System.IO.Compression;
using System.Reflection;
using System.Text;
using Petrel.Model.Schema;

namespace Petrel.ApiServer.OpenApi;

/// <summary>
/// Upstream's descriptions of types and their fields (tools/descriptions). They are unpacked while a document is written and released
/// after it: they take a megabyte, and few clients ask for them.
/// </summary>
internal sealed class Descriptions
{
    private static readonly WeakReference<Descriptions?> Shared = new(null);

    private readonly Dictionary<string, Dictionary<string, string>> _types = new(StringComparer.Ordinal);

    private Descriptions()
    {
        using var packed = Assembly.GetExecutingAssembly().GetManifestResourceStream("descriptions.gz")
            ?? throw new InvalidOperationException("the assembly lacks its resource descriptions.gz");
        using var reader = new StreamReader(new GZipStream(packed, CompressionMode.Decompress), Encoding.UTF8);
        Dictionary<string, string> current = [];
        while (reader.ReadLine() is { } line)
        {
            var tab = line.IndexOf('\t', StringComparison.Ordinal);
            var text = line[(tab + 1)..];
            if (line[0] == '=')
            {
                _types[line[1..tab]] = current = new(StringComparer.Ordinal) { [""] = text };
            }
            else
            {
                current[line[..tab]] = text;
            }
        }
    }

    public static Descriptions Load()
    {
        if (!Shared.TryGetTarget(out var descriptions))
        {
            descriptions = new Descriptions();
            Shared.SetTarget(descriptions);
        }
        return descriptions;
    }

    /// <summary>The description of a type; empty when it is unknown.</summary>
    public string Of(SchemaType type) => Find(type)?[""] ?? "";

    /// <summary>The description of a field; empty when it is unknown.</summary>
    public string Of(SchemaType type, SchemaField field)
    {
        var texts = Find(type);
        var name = field.Name.TrimStart('$').ToLowerInvariant();
        // The client package renames properties whose plain name is a keyword or a member.
        return texts?.GetValueOrDefault(name) ?? texts?.GetValueOrDefault(name + "property") ?? "";
    }

    // io.k8s.api.core.v1.Event is Corev1Event where another group has an Event as well, and V1Event where none has.
    private Dictionary<string, string>? Find(SchemaType type)
    {
        if (type.Name.Split('.') is not [.., var group, var version, var name])
        {
            return null;
        }
        return _types.GetValueOrDefault($"{Pascal(group)}{version}{name}") ?? _types.GetValueOrDefault($"{Pascal(version)}{name}");
    }

    private static string Pascal(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
