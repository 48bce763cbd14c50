namespace Petrel.Controllers.Jobs;

/// <summary>The labels, annotations, finalizer, condition types, reasons and messages of batch/v1 Jobs.</summary>
internal static class JobNames
{
    private const string Prefix = "batch.kubernetes.io/";

    /// <summary>The finalizer of a Job's pod that is not counted yet.</summary>
    public const string TrackingFinalizer = Prefix + "job-tracking";

    /// <summary>Annotation and label of a pod: its completion index.</summary>
    public const string CompletionIndex = Prefix + "job-completion-index";

    /// <summary>Annotation of a pod: how many pods of its index failed before it.</summary>
    public const string IndexFailureCount = Prefix + "job-index-failure-count";

    /// <summary>Annotation of a pod: how many pods of its index failed before it and do not count, by the failure policy.</summary>
    public const string IndexIgnoredFailureCount = Prefix + "job-index-ignored-failure-count";

    /// <summary>The environment variable with the completion index.</summary>
    public const string IndexVariable = "JOB_COMPLETION_INDEX";

    /// <summary>The value of <c>spec.managedBy</c> for this controller.</summary>
    public const string ControllerName = "kubernetes.io/job-controller";

    public const string Complete = "Complete";
    public const string Failed = "Failed";
    public const string FailureTarget = "FailureTarget";
    public const string SuccessCriteriaMet = "SuccessCriteriaMet";
    public const string Suspended = "Suspended";

    public const string BackoffLimitExceeded = "BackoffLimitExceeded";
    public const string DeadlineExceeded = "DeadlineExceeded";
    public const string MaxFailedIndexesExceeded = "MaxFailedIndexesExceeded";
    public const string FailedIndexes = "FailedIndexes";
    public const string PodFailurePolicy = "PodFailurePolicy";
    public const string SuccessPolicy = "SuccessPolicy";
    public const string CompletionsReached = "CompletionsReached";
}
