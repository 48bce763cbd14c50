using Petrel.ApiServer.Errors;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Requests;

/// <summary>The form of the response that a client asks for.</summary>
internal enum ResponseFormat
{
    /// <summary>Whole objects.</summary>
    Object,

    /// <summary>Rows of a meta/v1 Table (<c>as=Table</c>).</summary>
    Table,

    /// <summary>Only metadata (<c>as=PartialObjectMetadata</c>, and its list).</summary>
    Metadata,
}

/// <summary>Reads the Accept header.</summary>
internal static class AcceptHeader
{
    private const string Json = "application/json";
    private const string Yaml = "application/yaml";

    /// <summary>The first acceptable form, in the client's order.</summary>
    /// <exception cref="StatusException">Nothing that the server can answer with is accepted.</exception>
    public static ResponseFormat Read(string accept, bool hasTable = true)
    {
        if (accept.Length == 0 || accept == "application/json")
        {
            return ResponseFormat.Object;
        }
        foreach (var clause in accept.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = clause.Split(';', StringSplitOptions.TrimEntries);
            if (parts[0] == Yaml)
            {
                return ResponseFormat.Object;
            }
            if (parts[0] is not (Json or "*/*" or "application/*"))
            {
                continue;
            }
            switch (Parameter(parts, "as"))
            {
                case null:
                    return ResponseFormat.Object;
                case "Table" when hasTable && Parameter(parts, "v") is "v1" && Parameter(parts, "g") is "meta.k8s.io":
                    return ResponseFormat.Table;
                case "PartialObjectMetadata"
                or "PartialObjectMetadataList" when Parameter(parts, "v") is "v1" && Parameter(parts, "g") is "meta.k8s.io":
                    return ResponseFormat.Metadata;
            }
        }
        throw StatusErrors.NotAcceptable([Json, Yaml]);
    }

    /// <summary>Whether the client takes YAML before JSON.</summary>
    public static bool PrefersYaml(string accept)
    {
        foreach (var clause in accept.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var type = clause.Split(';', 2)[0].TrimEnd();
            if (type is Yaml or Json or "*/*" or "application/*")
            {
                return type == Yaml;
            }
        }
        return false;
    }

    private static string? Parameter(string[] parts, string name)
    {
        foreach (var part in parts.AsSpan(1))
        {
            if (part.Length > name.Length && part[name.Length] == '=' && part.StartsWith(name, StringComparison.OrdinalIgnoreCase))
            {
                return part[(name.Length + 1)..];
            }
        }
        return null;
    }
}
