using System.Text;
using k8s.Models;
using Petrel.Agent.Nodes;
using Petrel.Agent.Sources;
using Petrel.Client;

namespace Petrel.Agent.EnvironmentVariables;

/// <summary>Builds a container's environment from the pod's spec, Services, ConfigMaps and Secrets.</summary>
internal sealed class ContainerEnvironment(AgentSettings settings, ConfigObjects objects)
{
    /// <summary>Returns the variables of a container in the same order as upstream: services, envFrom, env.</summary>
    /// <exception cref="PodSourceException">A source does not exist; reason CreateContainerConfigError.</exception>
    public async ValueTask<IReadOnlyList<KeyValuePair<string, string>>> CreateAsync(
        V1Pod pod,
        V1Container container,
        IReadOnlyList<string> addresses,
        IEnumerable<V1Service> services,
        CancellationToken cancellationToken
    )
    {
        var values = new OrderedDictionary<string, string>(StringComparer.Ordinal);
        var linked = services.Where(s => pod.Spec.EnableServiceLinks != false || ServiceVariables.IsOfApi(s));
        foreach (var (name, value) in ServiceVariables.Of(linked))
        {
            values[name] = value;
        }
        var ns = pod.Metadata.NamespaceProperty;
        foreach (var source in container.EnvFrom ?? [])
        {
            var data =
                source.ConfigMapRef is { } map ? await objects.ConfigMapAsync(ns, map.Name, map.Optional, cancellationToken)
                : source.SecretRef is { } secret ? await objects.SecretAsync(ns, secret.Name, secret.Optional, cancellationToken)
                : null;
            foreach (var (name, value) in data ?? new Dictionary<string, byte[]>())
            {
                values[(source.Prefix ?? "") + name] = Encoding.UTF8.GetString(value);
            }
        }
        foreach (var variable in container.Env ?? [])
        {
            var value = variable.ValueFrom is null
                ? VariableExpansion.Expand(variable.Value ?? "", name => values.GetValueOrDefault(name))
                : await ReferenceAsync(pod, container, variable.ValueFrom, addresses, cancellationToken);
            if (value is not null)
            {
                values[variable.Name] = value;
            }
        }
        return [.. values];
    }

    private async ValueTask<string?> ReferenceAsync(
        V1Pod pod,
        V1Container container,
        V1EnvVarSource source,
        IReadOnlyList<string> addresses,
        CancellationToken cancellationToken
    )
    {
        var ns = pod.Metadata.NamespaceProperty;
        if (source.FieldRef is { } field)
        {
            return PodFields.Value(pod, field.FieldPath, settings, addresses)
                ?? throw new PodSourceException(PodSourceException.ContainerConfig, $"unsupported fieldPath: {field.FieldPath}");
        }
        if (source.ResourceFieldRef is { } resource)
        {
            var named = pod.Spec.Containers.FirstOrDefault(c => c.Name == resource.ContainerName) ?? container;
            return PodFields.Resource(named, resource, settings);
        }
        if (source.ConfigMapKeyRef is { } key)
        {
            var data = await objects.ConfigMapAsync(ns, key.Name, key.Optional, cancellationToken);
            return Entry(data, key.Key, key.Optional, $"couldn't find key {key.Key} in ConfigMap {ns}/{key.Name}");
        }
        if (source.SecretKeyRef is { } secret)
        {
            var data = await objects.SecretAsync(ns, secret.Name, secret.Optional, cancellationToken);
            return Entry(data, secret.Key, secret.Optional, $"couldn't find key {secret.Key} in Secret {ns}/{secret.Name}");
        }
        throw new PodSourceException(PodSourceException.ContainerConfig, "valueFrom names no source");
    }

    private static string? Entry(IReadOnlyDictionary<string, byte[]>? data, string key, bool? optional, string message) =>
        data is not null && data.TryGetValue(key, out var value) ? Encoding.UTF8.GetString(value)
        : optional == true ? null
        : throw new PodSourceException(PodSourceException.ContainerConfig, message);
}
