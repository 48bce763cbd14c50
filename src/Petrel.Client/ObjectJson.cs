using System.Text.Json;
using k8s;

namespace Petrel.Client;

/// <summary>
/// Reads and writes objects of KubernetesClient's types as UTF-8, with that package's own serializer rules but without intermediate
/// strings.
/// </summary>
internal static class ObjectJson
{
    private static readonly JsonSerializerOptions Rules = RulesOfPackage();

    public static T Read<T>(ReadOnlySpan<byte> utf8) => JsonSerializer.Deserialize<T>(utf8, Rules)!;

    public static byte[] Write(object value) => JsonSerializer.SerializeToUtf8Bytes(value, Rules);

    // KubernetesClient exposes its serializer options only to a callback that is meant to extend them.
    private static JsonSerializerOptions RulesOfPackage()
    {
        JsonSerializerOptions? rules = null;
        KubernetesJson.AddJsonOptions(found => rules = found);
        return rules ?? throw new InvalidOperationException("KubernetesClient did not show its serializer's rules.");
    }
}
