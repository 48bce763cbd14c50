using Microsoft.Extensions.Logging;
using Petrel.ApiServer.Errors;
using Petrel.Model.Api;
using Petrel.Store;

namespace Petrel.ApiServer.Pipeline;

/// <summary>Runs the stages of a request. The one place where exceptions become Status responses.</summary>
internal sealed partial class RequestPipeline(IReadOnlyList<IRequestStage> stages, ILogger log)
{
    private readonly IRequestStage[] _stages = [.. stages];

    /// <param name="request">The request; without its body when there is an exchange.</param>
    /// <param name="exchange">The transport's side of the request; null for callers in this process.</param>
    /// <param name="cancellationToken">The client no longer waits.</param>
    /// <exception cref="OperationCanceledException">The client no longer waits for the response.</exception>
    public async ValueTask<ApiResponse> HandleAsync(ApiRequest request, IApiExchange? exchange, CancellationToken cancellationToken)
    {
        var context = new RequestContext(request, exchange, cancellationToken);
        var entered = 0;
        ApiResponse? response = null;
        try
        {
            while (response is null)
            {
                response = await _stages[entered++].EnterAsync(context);
            }
        }
        catch (StatusException e)
        {
            response = e.ToResponse();
        }
        catch (OperationCanceledException) when (context.HasTimedOut)
        {
            response = StatusErrors.Timeout().ToResponse();
        }
        catch (StoreWriteException e)
        {
            // The store itself logs when its disk fails and when it recovers.
            response = StatusErrors.NotWritten(e).ToResponse();
        }
        catch (Exception e) when (!(e is OperationCanceledException && context.CancellationToken.IsCancellationRequested))
        {
            LogFailed(log, e, request.Method, request.Path);
            response = StatusErrors.InternalError(e.Message).ToResponse();
        }
        finally
        {
            while (entered > 0)
            {
                _stages[--entered].Leave(context, response);
            }
        }
        return response;
    }

    [LoggerMessage(EventId = 2001, Level = LogLevel.Error, Message = "{Method} {Path} failed")]
    private static partial void LogFailed(ILogger logger, Exception exception, string method, string path);
}
