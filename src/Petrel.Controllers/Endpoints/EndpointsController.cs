using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Framework;
using Petrel.Model;

namespace Petrel.Controllers.Endpoints;

/// <summary>Keeps the v1 Endpoints of each service with a selector (upstream: endpoints-controller).</summary>
public sealed class EndpointsController : IController, IReconciler, IDisposable
{
    private readonly ControllerContext _context;
    private readonly ServiceEnqueuer _services;
    private readonly EventRecorder _events;
    private readonly WorkQueue<ObjectKey> _queue;

    public EndpointsController(ControllerContext context)
    {
        _context = context;
        _queue = new(context.Time);
        _events = context.Events(Name);
        _services = new(context.Caches, _queue);
        context.Caches.Services.OnChange(_services.OnService);
        context.Caches.Pods.OnChange(_services.OnPod);
        context.Caches.Endpoints.OnChange(change => _queue.Add(ServiceEnqueuer.KeyOf(change.Latest)));
    }

    /// <inheritdoc/>
    public string Name => "endpoint-controller";

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        using (this)
        {
            await _context.Caches.WaitAsync(cancellationToken);
            var host = new ReconcilerHost(this, _queue, _context.Logs.CreateLogger(Name), _context.Settings.Workers);
            await Loops.RunTogetherAsync(cancellationToken, host.RunAsync, _events.RunAsync);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _queue.Dispose();

    /// <inheritdoc/>
    public async ValueTask<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var cache = _context.Caches.Endpoints;
        var current = cache.Get(key);
        if (_context.Caches.Services.Get(key) is not { } service)
        {
            await RemoveAsync(key, current, cancellationToken);
            return null;
        }
        if (!EndpointSlicePlan.Manages(service) || service.Metadata.DeletionTimestamp is not null)
        {
            return null;
        }
        var wanted = EndpointsPlan.Compute(service, _services.PodsOf(key), current);
        if (ReferenceEquals(wanted, current))
        {
            return null;
        }
        try
        {
            var written = current is null
                ? await _context.Client.CreateAsync(wanted, cancellationToken)
                : await _context.Client.UpdateAsync(wanted, cancellationToken);
            await cache.WaitForRevisionAsync(ulong.Parse(written.Metadata.ResourceVersion), cancellationToken);
        }
        catch (ApiException e)
            when (e.StatusCode == 403 && _context.Caches.Namespaces.Get(new("", key.Namespace)) is { Metadata.DeletionTimestamp: not null })
        {
            // Nothing can be created in a namespace that ends.
        }
        catch (ApiException e) when (!e.IsConflict && !e.IsNotFound && !e.IsAlreadyExists)
        {
            _events.Record(
                service,
                "Warning",
                current is null ? "FailedToCreateEndpoint" : "FailedToUpdateEndpoint",
                $"Failed to write endpoint {key}: {e.Status.Message}"
            );
            throw;
        }
        return null;
    }

    // Of a service that is gone, what this controller wrote goes too. The cache of services may be behind, so the server has the last word.
    private async ValueTask RemoveAsync(ObjectKey key, V1Endpoints? current, CancellationToken cancellationToken)
    {
        if (
            current?.Metadata.Labels?.ContainsKey(EndpointsPlan.ManagedBy) != true
            || await _context.Client.FindAsync<V1Service>(key, cancellationToken) is not null
        )
        {
            return;
        }
        await _context.Client.DeleteAsync<V1Endpoints>(
            key,
            new() { Preconditions = new() { Uid = current.Metadata.Uid } },
            cancellationToken
        );
        await _context.Caches.Endpoints.WaitUntilAsync(
            () => _context.Caches.Endpoints.Get(key)?.Metadata.Uid != current.Metadata.Uid,
            cancellationToken
        );
    }
}
