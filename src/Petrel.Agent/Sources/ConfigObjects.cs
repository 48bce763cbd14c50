using System.Text;
using k8s.Models;
using Petrel.Client;
using Petrel.Model;

namespace Petrel.Agent.Sources;

/// <summary>Reads the ConfigMaps and Secrets from which pods take files and environment variables.</summary>
internal sealed class ConfigObjects(ApiClient client)
{
    /// <summary>Returns the entries of a ConfigMap. Returns null when it does not exist and is optional.</summary>
    /// <exception cref="PodSourceException">The object does not exist and is not optional.</exception>
    public async ValueTask<IReadOnlyDictionary<string, byte[]>?> ConfigMapAsync(
        string podNamespace,
        string name,
        bool? optional,
        CancellationToken cancellationToken
    )
    {
        var map = await client.FindAsync<V1ConfigMap>(new(podNamespace, name), cancellationToken);
        if (map is null)
        {
            return Missing("configmap", name, optional);
        }
        var data = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var (key, value) in map.Data ?? new Dictionary<string, string>())
        {
            data[key] = Encoding.UTF8.GetBytes(value);
        }
        foreach (var (key, value) in map.BinaryData ?? new Dictionary<string, byte[]>())
        {
            data[key] = value;
        }
        return data;
    }

    /// <summary>Returns the entries of a Secret. Returns null when it does not exist and is optional.</summary>
    /// <exception cref="PodSourceException">The object does not exist and is not optional.</exception>
    public async ValueTask<IReadOnlyDictionary<string, byte[]>?> SecretAsync(
        string podNamespace,
        string name,
        bool? optional,
        CancellationToken cancellationToken
    )
    {
        var secret = await client.FindAsync<V1Secret>(new(podNamespace, name), cancellationToken);
        return secret is null
            ? Missing("secret", name, optional)
            : new SortedDictionary<string, byte[]>(secret.Data ?? new Dictionary<string, byte[]>(), StringComparer.Ordinal);
    }

    private static IReadOnlyDictionary<string, byte[]>? Missing(string kind, string name, bool? optional) =>
        optional == true ? null : throw new PodSourceException(PodSourceException.ContainerConfig, $"{kind} \"{name}\" not found");
}
