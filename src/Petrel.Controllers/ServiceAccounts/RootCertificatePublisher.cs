using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Controllers.Framework;
using Petrel.Model;
using Petrel.Workloads;

namespace Petrel.Controllers.ServiceAccounts;

/// <summary>
/// Keeps the ConfigMap <c>kube-root-ca.crt</c> in each active namespace, with which pods verify the API server (upstream:
/// root-ca-cert-publisher). Without certificates in the settings, it does nothing.
/// </summary>
public sealed class RootCertificatePublisher : IController
{
    /// <summary>The name of the ConfigMap.</summary>
    public const string ConfigMapName = "kube-root-ca.crt";

    private const string CertificateKey = "ca.crt";
    private const string DescriptionAnnotation = "kubernetes.io/description";
    private const string Description =
        "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal "
        + "service IP or "
        + "kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";

    private readonly ControllerContext _context;
    private readonly ControllerLoop _loop;
    private readonly SharedCache<V1ConfigMap> _published;

    public RootCertificatePublisher(ControllerContext context)
    {
        _context = context;
        _loop = new(context, "root-ca-certificate-publisher-controller", SyncAsync, new() { Workers = 1 });
        _published = new(context.Client, context.Time, context.Entropy, _loop.Logger, $"metadata.name={ConfigMapName}");
        if (context.Settings.RootCertificates.Length == 0)
        {
            return;
        }

        _loop.Watch(_published, change => [new("", change.Latest.Metadata.NamespaceProperty)]);
        _loop.WatchExisting(context.Caches.Namespaces);
        _loop.AlsoRun(_published.RunAsync);
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync(cancellationToken);

    private async ValueTask<TimeSpan?> SyncAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        await _published.WaitForRevisionAsync(1, cancellationToken);
        if (_context.Caches.Namespaces.Get(key) is not { Metadata.DeletionTimestamp: null })
        {
            return null;
        }
        var desired = Build(key.Name);
        try
        {
            if (_published.Get(new(key.Name, ConfigMapName)) is not { } current)
            {
                await _context.Client.CreateAsync(desired, cancellationToken);
            }
            else if (
                current.Data is not { Count: 1 } data
                || !data.TryGetValue(CertificateKey, out var text)
                || text != _context.Settings.RootCertificates
                || current.Metadata.Annotations?.ContainsKey(DescriptionAnnotation) != true
            )
            {
                desired.Metadata.ResourceVersion = current.Metadata.ResourceVersion;
                desired.Metadata.Labels = current.Metadata.Labels;
                desired.Metadata.Finalizers = current.Metadata.Finalizers;
                desired.Metadata.OwnerReferences = current.Metadata.OwnerReferences;
                desired.Metadata.Annotations = new Dictionary<string, string>(
                    current.Metadata.Annotations ?? new Dictionary<string, string>()
                )
                {
                    [DescriptionAnnotation] = Description,
                };
                await _context.Client.UpdateAsync(desired, cancellationToken);
            }
        }
        catch (ApiException e) when (e.IsAlreadyExists || e.IsNotFound || e.StatusCode == 403)
        {
            // The ConfigMap exists, or it or the namespace is gone. A watch will show it.
        }
        return null;
    }

    private V1ConfigMap Build(string namespaceName) =>
        new()
        {
            ApiVersion = "v1",
            Kind = "ConfigMap",
            Metadata = new()
            {
                Name = ConfigMapName,
                NamespaceProperty = namespaceName,
                Annotations = new Dictionary<string, string> { [DescriptionAnnotation] = Description },
            },
            Data = new Dictionary<string, string> { [CertificateKey] = _context.Settings.RootCertificates },
        };
}
