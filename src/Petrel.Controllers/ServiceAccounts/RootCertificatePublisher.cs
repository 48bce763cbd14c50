using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Controllers.Framework;
using Petrel.Model;

namespace Petrel.Controllers.ServiceAccounts;

/// <summary>
/// Keeps the ConfigMap <c>kube-root-ca.crt</c> in each active namespace, by which pods know the API server (upstream:
/// root-ca-cert-publisher). Without certificates in the settings it does nothing.
/// </summary>
public sealed class RootCertificatePublisher : IController, IReconciler, IDisposable
{
    /// <summary>The name of the ConfigMap.</summary>
    public const string ConfigMapName = "kube-root-ca.crt";

    private const string File = "ca.crt";
    private const string DescriptionAnnotation = "kubernetes.io/description";
    private const string Description =
        "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal "
        + "service IP or "
        + "kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";

    private readonly ControllerContext _context;
    private readonly ILogger _logger;
    private readonly SharedCache<V1ConfigMap> _published;
    private readonly WorkQueue<ObjectKey> _queue;

    public RootCertificatePublisher(ControllerContext context)
    {
        _context = context;
        _logger = context.Logs.CreateLogger(Name);
        _queue = new(context.Time);
        _published = new(context.Client, context.Time, context.Entropy, _logger, $"metadata.name={ConfigMapName}");
        _published.OnChange(change => _queue.Add(new("", change.Latest.Metadata.NamespaceProperty)));
        context.Caches.Namespaces.OnChange(change =>
        {
            if (change.New is { } value)
            {
                _queue.Add(new("", value.Metadata.Name));
            }
        });
    }

    /// <inheritdoc/>
    public string Name => "root-ca-certificate-publisher-controller";

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        using (this)
        {
            await _context.Caches.WaitAsync(cancellationToken);
            await (
                _context.Settings.RootCertificates.Length > 0
                    ? Loops.RunTogetherAsync(cancellationToken, _published.RunAsync, WorkAsync)
                    : Task.Delay(Timeout.InfiniteTimeSpan, _context.Time, cancellationToken)
            );
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _queue.Dispose();

    /// <summary>Works on one namespace.</summary>
    public async ValueTask<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_context.Caches.Namespaces.Get(key) is not { Metadata.DeletionTimestamp: null })
        {
            return null;
        }
        var wanted = Wanted(key.Name);
        try
        {
            if (_published.Get(new(key.Name, ConfigMapName)) is not { } current)
            {
                await _context.Client.CreateAsync(wanted, cancellationToken);
            }
            else if (
                current.Data is not { Count: 1 } data
                || !data.TryGetValue(File, out var text)
                || text != _context.Settings.RootCertificates
                || current.Metadata.Annotations?.ContainsKey(DescriptionAnnotation) != true
            )
            {
                wanted.Metadata.ResourceVersion = current.Metadata.ResourceVersion;
                wanted.Metadata.Labels = current.Metadata.Labels;
                wanted.Metadata.Finalizers = current.Metadata.Finalizers;
                wanted.Metadata.OwnerReferences = current.Metadata.OwnerReferences;
                wanted.Metadata.Annotations = new Dictionary<string, string>(
                    current.Metadata.Annotations ?? new Dictionary<string, string>()
                )
                {
                    [DescriptionAnnotation] = Description,
                };
                await _context.Client.UpdateAsync(wanted, cancellationToken);
            }
        }
        catch (ApiException e) when (e.IsAlreadyExists || e.IsNotFound || e.StatusCode == 403)
        {
            // It is there already, or it or the namespace goes: the caches will tell.
        }
        return null;
    }

    private async Task WorkAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        await _published.WaitForRevisionAsync(1, cancellationToken);
        await new ReconcilerHost(this, _queue, _logger).RunAsync(cancellationToken);
    }

    private V1ConfigMap Wanted(string namespaceName) =>
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
            Data = new Dictionary<string, string> { [File] = _context.Settings.RootCertificates },
        };
}
