using System.Text;
using k8s.Models;
using Petrel.Agent.Runtimes;
using Petrel.Agent.Volumes;
using Petrel.Client;

namespace Petrel.Agent.Pods;

/// <summary>Something that a container needs is not there (yet); <see cref="Reason"/> shows in its status.</summary>
internal sealed class PodInputException(string reason, string message) : Exception(message)
{
    public string Reason { get; } = reason;
}

/// <summary>Gathers what containers get from the API and the node: environment and volumes.</summary>
internal sealed class PodInputs(AgentSettings settings, ApiClient client, IPodFiles files, TimeProvider time)
{
    private readonly PodTokens _tokens = new(client, time);

    /// <summary>When something in the volumes is to be written anew, whatever happens; null for never.</summary>
    public DateTimeOffset? Due => _tokens.Due;

    /// <summary>The host paths of the pod's volumes by name.</summary>
    /// <exception cref="PodInputException">A volume can't be made; reason FailedMount.</exception>
    public async ValueTask<IReadOnlyDictionary<string, string>> MountVolumesAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        var paths = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var volume in pod.Spec.Volumes ?? [])
        {
            try
            {
                paths[volume.Name] = await MountVolumeAsync(pod, volume, cancellationToken);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ApiException or PodInputException)
            {
                throw new PodInputException("FailedMount", $"MountVolume.SetUp failed for volume \"{volume.Name}\" : {e.Message}");
            }
        }
        return paths;
    }

    /// <summary>The variables of a container, in upstream's order: services, envFrom, env.</summary>
    /// <exception cref="PodInputException">A reference leads nowhere; reason CreateContainerConfigError.</exception>
    public async ValueTask<IReadOnlyList<KeyValuePair<string, string>>> EnvironmentAsync(
        V1Pod pod,
        V1Container container,
        IReadOnlyList<string> addresses,
        IEnumerable<V1Service> services,
        CancellationToken cancellationToken
    )
    {
        var values = new OrderedDictionary<string, string>(StringComparer.Ordinal);
        foreach (
            var (name, value) in ServiceVariables.Of(
                services.Where(s => pod.Spec.EnableServiceLinks != false || ServiceVariables.IsOfApi(s))
            )
        )
        {
            values[name] = value;
        }
        foreach (var source in container.EnvFrom ?? [])
        {
            var data =
                source.ConfigMapRef is { } map ? await ConfigMapAsync(pod, map.Name, map.Optional, cancellationToken)
                : source.SecretRef is { } secret ? await SecretAsync(pod, secret.Name, secret.Optional, cancellationToken)
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

    private async ValueTask<string> MountVolumeAsync(V1Pod pod, V1Volume volume, CancellationToken cancellationToken)
    {
        var uid = pod.Metadata.Uid;
        if (volume.EmptyDir is { } empty)
        {
            return await files.EnsureEmptyDirAsync(uid, volume.Name, empty.Medium == "Memory", cancellationToken);
        }
        if (volume.HostPath is { } host)
        {
            await files.EnsureHostPathAsync(host.Path, host.Type ?? "", cancellationToken);
            return host.Path;
        }
        if (volume.PersistentVolumeClaim is { } claim)
        {
            return await AttachAsync(pod, volume.Name, claim.ClaimName, cancellationToken);
        }
        var content = new List<VolumeFile>();
        if (volume.ConfigMap is { } map)
        {
            content.AddRange(
                Project(
                    await ConfigMapAsync(pod, map.Name, map.Optional, cancellationToken),
                    map.Items,
                    map.DefaultMode ?? 420,
                    $"configmap \"{map.Name}\""
                )
            );
        }
        else if (volume.Secret is { } secret)
        {
            content.AddRange(
                Project(
                    await SecretAsync(pod, secret.SecretName, secret.Optional, cancellationToken),
                    secret.Items,
                    secret.DefaultMode ?? 420,
                    $"secret \"{secret.SecretName}\""
                )
            );
        }
        else if (volume.DownwardAPI is { } downward)
        {
            content.AddRange(Downward(pod, downward.Items, downward.DefaultMode ?? 420));
        }
        else if (volume.Projected is { } projected)
        {
            foreach (var source in projected.Sources ?? [])
            {
                var mode = projected.DefaultMode ?? 420;
                if (source.ConfigMap is { } part)
                {
                    content.AddRange(
                        Project(
                            await ConfigMapAsync(pod, part.Name, part.Optional, cancellationToken),
                            part.Items,
                            mode,
                            $"configmap \"{part.Name}\""
                        )
                    );
                }
                if (source.Secret is { } secretPart)
                {
                    content.AddRange(
                        Project(
                            await SecretAsync(pod, secretPart.Name, secretPart.Optional, cancellationToken),
                            secretPart.Items,
                            mode,
                            $"secret \"{secretPart.Name}\""
                        )
                    );
                }
                if (source.DownwardAPI is { } fields)
                {
                    content.AddRange(Downward(pod, fields.Items, mode));
                }
                if (source.ServiceAccountToken is { } token)
                {
                    content.Add(new(token.Path, await _tokens.GetAsync(pod, token, cancellationToken), mode));
                }
                if (source.ClusterTrustBundle is not null || source.PodCertificate is not null)
                {
                    throw new IOException("projected trust bundles and pod certificates are not supported");
                }
            }
        }
        else
        {
            throw new IOException(
                "this type of volume is not supported; supported are emptyDir, hostPath, configMap, secret, downwardAPI and projected"
            );
        }
        return await files.WriteFilesAsync(uid, volume.Name, content, cancellationToken);
    }

    private async ValueTask<string> AttachAsync(V1Pod pod, string volume, string claimName, CancellationToken cancellationToken)
    {
        var claim = await client.GetAsync<V1PersistentVolumeClaim>(new(pod.Metadata.NamespaceProperty, claimName), cancellationToken);
        if (claim.Status?.Phase != "Bound")
        {
            throw new IOException($"PVC \"{pod.Metadata.NamespaceProperty}/{claimName}\" is not bound");
        }
        var exclusive = claim.Spec.AccessModes.All(m => m is "ReadWriteOnce" or "ReadWriteOncePod");
        return await files.AttachAsync(pod.Metadata.Uid, volume, claim.Spec.VolumeName, exclusive, cancellationToken);
    }

    private static IEnumerable<VolumeFile> Project(
        IReadOnlyDictionary<string, byte[]>? data,
        IList<V1KeyToPath>? items,
        int mode,
        string what
    )
    {
        if (data is null)
        {
            return [];
        }
        return items is null or { Count: 0 }
            ? data.Select(d => new VolumeFile(d.Key, d.Value, mode))
            : items.Select(item =>
                data.TryGetValue(item.Key, out var value)
                    ? new VolumeFile(item.Path, value, item.Mode ?? mode)
                    : throw new IOException($"{what} references non-existent config key: {item.Key}")
            );
    }

    private IEnumerable<VolumeFile> Downward(V1Pod pod, IList<V1DownwardAPIVolumeFile>? items, int mode) =>
        (items ?? []).Select(item => new VolumeFile(
            item.Path,
            Encoding.UTF8.GetBytes(
                item.FieldRef is { } field
                    ? PodFields.Value(pod, field.FieldPath, settings, []) ?? ""
                    : PodFields.Resource(
                        pod.Spec.Containers.First(c => c.Name == item.ResourceFieldRef.ContainerName),
                        item.ResourceFieldRef,
                        settings
                    )
            ),
            item.Mode ?? mode
        ));

    private async ValueTask<string?> ReferenceAsync(
        V1Pod pod,
        V1Container container,
        V1EnvVarSource source,
        IReadOnlyList<string> addresses,
        CancellationToken cancellationToken
    )
    {
        if (source.FieldRef is { } field)
        {
            return PodFields.Value(pod, field.FieldPath, settings, addresses)
                ?? throw new PodInputException("CreateContainerConfigError", $"unsupported fieldPath: {field.FieldPath}");
        }
        if (source.ResourceFieldRef is { } resource)
        {
            return PodFields.Resource(
                pod.Spec.Containers.FirstOrDefault(c => c.Name == resource.ContainerName) ?? container,
                resource,
                settings
            );
        }
        if (source.ConfigMapKeyRef is { } key)
        {
            var data = await ConfigMapAsync(pod, key.Name, key.Optional, cancellationToken);
            return Pick(
                data,
                key.Key,
                key.Optional,
                $"couldn't find key {key.Key} in ConfigMap {pod.Metadata.NamespaceProperty}/{key.Name}"
            );
        }
        if (source.SecretKeyRef is { } secret)
        {
            var data = await SecretAsync(pod, secret.Name, secret.Optional, cancellationToken);
            return Pick(
                data,
                secret.Key,
                secret.Optional,
                $"couldn't find key {secret.Key} in Secret {pod.Metadata.NamespaceProperty}/{secret.Name}"
            );
        }
        throw new PodInputException("CreateContainerConfigError", "valueFrom names no source");
    }

    private static string? Pick(IReadOnlyDictionary<string, byte[]>? data, string key, bool? optional, string message) =>
        data is not null && data.TryGetValue(key, out var value) ? Encoding.UTF8.GetString(value)
        : optional == true ? null
        : throw new PodInputException("CreateContainerConfigError", message);

    private async ValueTask<IReadOnlyDictionary<string, byte[]>?> ConfigMapAsync(
        V1Pod pod,
        string name,
        bool? optional,
        CancellationToken cancellationToken
    )
    {
        var map = await client.FindAsync<V1ConfigMap>(new(pod.Metadata.NamespaceProperty, name), cancellationToken);
        if (map is null)
        {
            return optional == true ? null : throw new PodInputException("CreateContainerConfigError", $"configmap \"{name}\" not found");
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

    private async ValueTask<IReadOnlyDictionary<string, byte[]>?> SecretAsync(
        V1Pod pod,
        string name,
        bool? optional,
        CancellationToken cancellationToken
    )
    {
        var secret = await client.FindAsync<V1Secret>(new(pod.Metadata.NamespaceProperty, name), cancellationToken);
        if (secret is null)
        {
            return optional == true ? null : throw new PodInputException("CreateContainerConfigError", $"secret \"{name}\" not found");
        }
        return new SortedDictionary<string, byte[]>(secret.Data ?? new Dictionary<string, byte[]>(), StringComparer.Ordinal);
    }
}
