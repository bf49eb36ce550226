dnl SPDX-License-Identifier: GPL-2.0-or-later

dnl QM_CC_FLAGS(VARIABLE, FLAGS, BODY)
dnl Appends to VARIABLE each of FLAGS with which the compiler takes BODY, by
dnl default an empty function, without a warning.
AC_DEFUN([QM_CC_FLAGS], [
  AC_REQUIRE([AC_PROG_CC])
  for qm_flag in m4_normalize([$2]); do
    AS_VAR_PUSHDEF([qm_cache], [qm_cv_cc_flag_$qm_flag])
    AC_CACHE_CHECK([whether $CC takes $qm_flag], [qm_cache], [
      qm_save_CFLAGS=$CFLAGS
      CFLAGS="$CFLAGS -Werror $qm_flag"
      AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [$3])],
        [AS_VAR_SET([qm_cache], [yes])], [AS_VAR_SET([qm_cache], [no])])
      CFLAGS=$qm_save_CFLAGS
    ])
    AS_VAR_IF([qm_cache], [yes], [AS_VAR_APPEND([$1], [" $qm_flag"])])
    AS_VAR_POPDEF([qm_cache])
  done
])

dnl QM_PKG(VARIABLE-PREFIX, MODULE, DEBIAN-PACKAGE)
dnl Looks for a library. One that is missing is remembered with the name of its
dnl package, so that configure can name all of them at once: QM_REPORT_MISSING.
AC_DEFUN([QM_PKG], [
  PKG_CHECK_MODULES([$1], [$2], [], [
    AC_MSG_RESULT([no])
    AS_VAR_APPEND([qm_missing], ["
    $2: install $3"])
    AS_VAR_APPEND([qm_missing_packages], [" $3"])
  ])
])

dnl QM_HEADER(HEADER, DEBIAN-PACKAGE)
dnl The same for a library that is all header.
AC_DEFUN([QM_HEADER], [
  AC_CHECK_HEADER([$1], [], [
    AS_VAR_APPEND([qm_missing], ["
    $1: install $2"])
    AS_VAR_APPEND([qm_missing_packages], [" $2"])
  ])
])

dnl QM_REPORT_MISSING
AC_DEFUN([QM_REPORT_MISSING], [
  AS_IF([test -n "$qm_missing"], [AC_MSG_ERROR([required and not found:$qm_missing
  On Debian: apt-get install$qm_missing_packages])])
])

dnl QM_TREE_VAR(VARIABLE, NAME)
dnl Sets VARIABLE to the value that make variable NAME has in the strongSwan tree.
AC_DEFUN([QM_TREE_VAR], [
  $1=`
    for qm_var in prefix exec_prefix libdir ipseclibdir sysconfdir $2; do
      qm_val=\`sed -n "s|^$qm_var = ||p" "$with_strongswan/Makefile" | head -n 1\`
      eval "$qm_var=\"$qm_val\""
    done
    eval "echo \"\\\$$2\""
  `
])
