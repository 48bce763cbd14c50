namespace Petrel.ApiServer.Kinds.Reviews;

/// <summary>
/// Kinds that are not stored: a POST is answered with the object and its <c>status</c> filled in (authentication.k8s.io/v1,
/// authorization.k8s.io/v1).
/// </summary>
internal static class ReviewKinds
{
    public static KindDefinition Token { get; } = Row("authentication.k8s.io", "TokenReview", "tokenreviews");
    public static KindDefinition SelfSubject { get; } = Row("authentication.k8s.io", "SelfSubjectReview", "selfsubjectreviews");
    public static KindDefinition SubjectAccess { get; } = Row("authorization.k8s.io", "SubjectAccessReview", "subjectaccessreviews");
    public static KindDefinition SelfSubjectAccess { get; } =
        Row("authorization.k8s.io", "SelfSubjectAccessReview", "selfsubjectaccessreviews");
    public static KindDefinition SelfSubjectRules { get; } =
        Row("authorization.k8s.io", "SelfSubjectRulesReview", "selfsubjectrulesreviews");
    public static KindDefinition LocalSubjectAccess { get; } =
        Row("authorization.k8s.io", "LocalSubjectAccessReview", "localsubjectaccessreviews") with
        {
            Namespaced = true,
        };

    private static KindDefinition Row(string group, string kind, string plural) =>
        KindDefinition.Create(group, "v1", kind, plural, namespaced: false) with
        {
            Verbs = ["create"],
            // Nobody lists them: there is no table of them.
            Columns = [],
        };
}
