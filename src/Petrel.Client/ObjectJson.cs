using System.Text.Json;
using k8s;

namespace Petrel.Client;

/// <summary>Objects of KubernetesClient's types from and to UTF-8, by that package's own rules, without its detour over strings.</summary>
internal static class ObjectJson
{
    private static readonly JsonSerializerOptions Rules = RulesOfPackage();

    public static T Read<T>(ReadOnlySpan<byte> utf8) => JsonSerializer.Deserialize<T>(utf8, Rules)!;

    public static byte[] Write(object value) => JsonSerializer.SerializeToUtf8Bytes(value, Rules);

    // The package hands them out only to be added to.
    private static JsonSerializerOptions RulesOfPackage()
    {
        JsonSerializerOptions? rules = null;
        KubernetesJson.AddJsonOptions(found => rules = found);
        return rules ?? throw new InvalidOperationException("KubernetesClient did not show its serializer's rules.");
    }
}
