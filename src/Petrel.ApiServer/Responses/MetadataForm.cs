using Petrel.ApiServer.Objects;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Responses;

/// <summary>Objects as meta/v1 PartialObjectMetadata: for clients that need names, labels and owners only.</summary>
internal static class MetadataForm
{
    private static ReadOnlySpan<byte> Start => "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":"u8;

    public static byte[] Of(WireObject value) => [.. Start, .. value.Metadata().Span, (byte)'}'];
}
