using System.Text.Json;
using Petrel.Model.Documents;

namespace Petrel.SimulatedNodes;

/// <summary>Reads API responses. The simulator needs only a few fields, so it requests metadata only.</summary>
internal static class ResponseReader
{
    /// <summary>The Accept header that requests only an object's metadata.</summary>
    public const string MetadataOnly = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

    public static ulong RevisionOf(ReadOnlyMemory<byte> answer)
    {
        using var document = DeepJson.Document(answer);
        return RevisionOf(document.RootElement);
    }

    public static ulong RevisionOf(JsonElement value) =>
        ulong.Parse(value.GetProperty("metadata").GetProperty("resourceVersion").GetString()!);

    public static string UidOf(JsonElement value) => value.GetProperty("metadata").GetProperty("uid").GetString()!;
}
