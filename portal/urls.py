"""Which address shows what."""

from allauth.account import views as account
from allauth.account.decorators import secure_admin_login
from allauth.mfa.base import views as two_factor
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.usersessions import views as sessions
from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LogoutView
from django.urls import include, path, re_path
from django.views.decorators.http import require_safe

from portal import probes
from portal.views import firms, inviting, joining, pages, profile, signing_in, team

handler500 = "portal.views.errors.server_error"

# The admin site asks for the second factor and counts attempts as well.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

# The names that begin with account_ and mfa_ are django-allauth's; it leads people by them. What it has besides, such
# as signing up, has no address here.
SIGNING_IN = [
    path("sign-in/", signing_in.SignInView.as_view(), name="sign_in"),
    path("sign-in/", signing_in.SignInView.as_view(), name="account_login"),
    path("sign-in/code/", two_factor.authenticate, name="mfa_authenticate"),
    path("sign-in/inactive/", account.account_inactive, name="account_inactive"),
    path("sign-in/password/", signing_in.ForgottenPasswordView.as_view(), name="account_reset_password"),
    path("sign-in/password/sent/", account.password_reset_done, name="account_reset_password_done"),
    path("sign-in/password/link/", signing_in.password_reset_link, name="password_reset_link"),
    re_path(
        r"^sign-in/password/(?P<uidb36>[0-9A-Za-z]+)/(?P<key>set-password)/$",
        signing_in.NewPasswordView.as_view(),
        name="account_reset_password_from_key",
    ),
    path("sign-out/", LogoutView.as_view(), name="sign_out"),
]
PROFILE = [
    path("profile/", profile.profile, name="profile"),
    path("profile/", profile.profile, name="mfa_index"),
    path("profile/sessions/", sessions.list_usersessions, name="usersessions_list"),
    path("profile/password/", account.password_change, name="account_change_password"),
    path("profile/confirm/", account.reauthenticate, name="account_reauthenticate"),
    path("profile/confirm/code/", two_factor.reauthenticate, name="mfa_reauthenticate"),
    path("profile/two-factor/", login_required(signing_in.TwoFactorSetUpView.as_view()), name="mfa_activate_totp"),
    path("profile/two-factor/off/", signing_in.TwoFactorOffView.as_view(), name="mfa_deactivate_totp"),
    path("profile/recovery-codes/", require_safe(recovery_codes.view_recovery_codes), name="mfa_view_recovery_codes"),
    path(
        "profile/recovery-codes/new/",
        login_required(recovery_codes.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "profile/recovery-codes/file/",
        require_safe(recovery_codes.download_recovery_codes),
        name="mfa_download_recovery_codes",
    ),
]
TEAM = [
    path("settings/team/", team.team, name="team"),
    path("settings/team/history/", team.history, name="team_history"),
    path("settings/team/two-factor/", team.require_two_factor, name="team_two_factor"),
    path("settings/team/invite/", inviting.invite, name="team_invite"),
    path("settings/team/invitations/<int:pk>/send/", inviting.resend, name="team_resend"),
    path("settings/team/invitations/<int:pk>/revoke/", inviting.revoke, name="team_revoke"),
    path("settings/team/<int:pk>/", team.member, name="team_member"),
    path("settings/team/<int:pk>/remove/", team.remove, name="team_remove"),
    path("settings/team/<int:pk>/two-factor/", team.reset_two_factor, name="team_reset_two_factor"),
]

urlpatterns = [
    path("", pages.home, name="home"),
    *SIGNING_IN,
    *PROFILE,
    *TEAM,
    # What the link carries is in the query, which the access log leaves out.
    path("invitation/", joining.join, name="invitation"),
    path("firms/switch/", firms.switch, name="firm_switch"),
    path("healthz", probes.healthz, name="healthz"),
    path("readyz", probes.readyz, name="readyz"),
    path("admin/", admin.site.urls),
    path("", include("accounts.urls")),
    path("", include("qbsync.urls")),
]
