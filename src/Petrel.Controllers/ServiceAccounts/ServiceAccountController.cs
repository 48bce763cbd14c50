using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Controllers.Framework;
using Petrel.Model;

namespace Petrel.Controllers.ServiceAccounts;

/// <summary>
/// Sees that each active namespace has the ServiceAccount <c>default</c>, which pods use that name no other (upstream: serviceaccounts
/// controller).
/// </summary>
public sealed partial class ServiceAccountController : IController, IReconciler, IDisposable
{
    private const string Default = "default";

    private readonly ControllerContext _context;
    private readonly ILogger _logger;
    private readonly WorkQueue<ObjectKey> _queue;

    public ServiceAccountController(ControllerContext context)
    {
        _context = context;
        _logger = context.Logs.CreateLogger(Name);
        _queue = new(context.Time);
        context.Caches.Namespaces.OnChange(change =>
        {
            if (change.New is { } value)
            {
                _queue.Add(new("", value.Metadata.Name));
            }
        });
        context.Caches.ServiceAccounts.OnChange(change =>
        {
            if (change is { New: null, Old: { Metadata.Name: Default } gone })
            {
                _queue.Add(new("", gone.Metadata.NamespaceProperty));
            }
        });
    }

    /// <inheritdoc/>
    public string Name => "serviceaccount-controller";

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        using (this)
        {
            await _context.Caches.WaitAsync(cancellationToken);
            await new ReconcilerHost(this, _queue, _logger).RunAsync(cancellationToken);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _queue.Dispose();

    /// <summary>Works on one namespace.</summary>
    public async ValueTask<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (
            _context.Caches.Namespaces.Get(key) is not { Metadata.DeletionTimestamp: null }
            || _context.Caches.ServiceAccounts.Get(new(key.Name, Default)) is not null
        )
        {
            return null;
        }
        try
        {
            await _context.Client.CreateAsync(
                new V1ServiceAccount
                {
                    ApiVersion = "v1",
                    Kind = "ServiceAccount",
                    Metadata = new() { Name = Default, NamespaceProperty = key.Name },
                },
                cancellationToken
            );
            LogCreated(_logger, key);
        }
        catch (ApiException e) when (e.IsAlreadyExists || e.IsNotFound || e.StatusCode == 403)
        {
            // It is there already, or the namespace ends: the caches will tell.
        }
        return null;
    }

    [LoggerMessage(EventId = 3155, Level = LogLevel.Debug, Message = "Namespace {Key} has its default service account")]
    private static partial void LogCreated(ILogger logger, ObjectKey key);
}
